/* Certificates that somebody else put into live/NAME/: regular files where certwright makes links.
 */
#ifndef CW_FLOW_REPORT_PROVIDED_H
#define CW_FLOW_REPORT_PROVIDED_H

#include <stdbool.h>
#include "base/json.h"

/* Whether FOLDER (live/NAME) has cert.pem, fullchain.pem or privkey.pem as a regular file. */
bool cw_provided_is(const char *folder);
/* The file in FOLDER whose first certificate is the one in use: fullchain.pem, else cert.pem; NULL:
 * it has neither. Release with free(). */
char *cw_provided_certificate(const char *folder);
/*
 * Adds to PROBLEMS (flow/report/failure.h; kind "provided") what is wrong with the files in FOLDER:
 * one is missing or cannot be read, the key is another one's, the certificates of the chain do not
 * follow each other, or it is not valid yet. That it has expired is not added. A key that this user
 * cannot read is not compared. Returns false if no server can use the files: the certificate or its
 * key is missing or cannot be read, or the key is another one's.
 */
bool cw_provided_check(const char *folder, struct json_object *problems);

#endif
