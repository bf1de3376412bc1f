/*
 * Serves the library (certwright.h): the program that it starts. It leaves the process that started
 * it, says hello, and carries out one request after the other, each in a process of its own
 * (serve_call.h). If the library closes its side of the socket or its process ends, the request is
 * cancelled as by SIGTERM, and the program ends.
 */
#ifndef CW_CLI_SERVE_H
#define CW_CLI_SERVE_H

/* DESCRIPTOR: the number of the socket, as text; NULL: none was given. Returns the exit status. */
int cw_serve(const char *descriptor);

#endif
