/* Asks the user, at a terminal, which virtual hosts are meant. An answer is remembered as long as
 * the instance lives, as the same may be done again. */
#ifndef APACHE_CHOOSE_H
#define APACHE_CHOOSE_H

#include "plan.h"

/*
 * No virtual host has NAME: asks which one is to have it, and adds it to that one. With CHECK, only
 * says whether that can be asked. CW_E_NOT_FOUND without a terminal.
 */
int choose_host(struct apache *apache, const char *name, bool check);

enum choice {
	CHOICE_CERTIFICATE, /* which hosts get the certificate */
	CHOICE_ENHANCEMENT  /* which hosts get an enhancement */
};
/* Takes out of PLAN the hosts that the user does not mean by the wildcard NAME. Does nothing for
 * other names. */
int choose_among(struct apache *apache, const char *name, enum choice choice, struct plan *plan);

#endif
