/* The process in Python that runs a plugin of Certbot: certbot-dns.py, which says what the lines
 * are. It ends by itself, and cleans up, when the socket to it is closed. */
#ifndef CERTBOT_DNS_PYTHON_H
#define CERTBOT_DNS_PYTHON_H

#include <certwright/plugin.h>
#include <sys/types.h>

struct python {
	const struct cw_host *host;
	pid_t pid;    /* 0: not running */
	int socket;   /* -1: not running */
	char *buffer; /* what it wrote and nobody has read */
	size_t length;
	unsigned unanswered; /* requests whose answers have not come to their end */
	int interrupted;     /* the user waits for the end of the run */
};

/* Starts it for the plugin of Certbot that the host names, unless it is running. */
int python_start(struct python *python);
/* Closes the socket. Waits for the end of the process for some seconds if it has answered all. */
void python_stop(struct python *python);
/* Sends the request TEXT, which ends with a newline. Fails with CW_E_COMMAND if the process is
 * gone. */
int python_send(struct python *python, const char *text);
/*
 * Waits for the next line, at most the seconds of --plugin-timeout, or a few seconds if the run was
 * interrupted: the process cleans up without us, too. *LINE is without its end; release it with
 * free(). After a failure the process is stopped, except after CW_E_CANCELLED: the run was
 * interrupted, and the line is still to come.
 */
int python_receive(struct python *python, char **line);

#endif
