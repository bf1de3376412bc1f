/* The runtime socket of HAProxy ("stats socket" in haproxy.cfg). */
#ifndef HAPROXY_SOCKET_H
#define HAPROXY_SOCKET_H

#include <certwright/plugin.h>
#include "text.h"

/*
 * Sends one command, with PAYLOAD after it (NULL: none; it has no empty lines), and adds the answer
 * to ANSWER. CW_E_NETWORK if HAProxy does not answer, CW_E_PERMISSION if the socket lacks the
 * level.
 */
int socket_ask(const struct cw_host *host, const char *command, const struct text *payload,
	       struct text *answer);
/* CW_OK if WORD (a path or a key of a map) may be part of a command. */
int socket_check_word(const struct cw_host *host, const char *word);

#endif
