/* Java keystores, which only Java's keytool makes. */
#ifndef CW_FLOW_MOVING_KEYSTORE_H
#define CW_FLOW_MOVING_KEYSTORE_H

#include "base/buf.h"
#include "base/error.h"

/*
 * Appends to FILE the keystore (JKS) with what PKCS12 has, both encrypted with PASSWORD. keytool
 * reads and writes files in a temporary folder that only this user can enter; it gets the password
 * in its environment.
 */
int cw_keystore_make(const struct cw_buf *pkcs12, const char *password, struct cw_buf *file,
		     struct cw_error *error);

#endif
