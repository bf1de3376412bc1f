/*
 * What the library and the program say to each other over their socket. Each message is a kind, a
 * length and a text:
 *
 *     one byte       enum cw_frame_kind
 *     four bytes     the length of the text, the highest byte first
 *     the text       JSON in UTF-8, but "PROTOCOL VERSION" in CW_FRAME_HELLO, such as "1 0.1.0"
 *
 * The program says hello first. Then the library sends one request at a time, and the program sends
 * notes and questions until it sends the answer. If the library closes its side, the program
 * cancels the request, answers and ends.
 */
#ifndef CW_LIBRARY_PROTOCOL_H
#define CW_LIBRARY_PROTOCOL_H

#define CW_PROTOCOL 1
#define CW_HELLO "1 " /* the version follows */

enum cw_frame_kind {
	/* From the program. */
	CW_FRAME_HELLO = 'H',
	CW_FRAME_NOTE = 'N',
	CW_FRAME_QUESTION = 'Q',
	CW_FRAME_ANSWER = 'A',  /* the call succeeded: "ok" is true */
	CW_FRAME_FAILURE = 'F', /* an answer, too: "ok" is false */
	/* From the library. */
	CW_FRAME_REQUEST = 'R',      /* whose events somebody takes */
	CW_FRAME_LONE_REQUEST = 'L', /* whose events nobody takes: none are to be sent */
	CW_FRAME_REPLY = 'Y'
};

#define CW_FRAME_HEAD 5
/* The bytes of a text from the program. CW_REQUEST_MAX is the limit of one from the library. */
#define CW_ANSWER_MAX (64 * 1024 * 1024)

/* How the program is told its descriptor. */
#define CW_SERVE_OPTION "--serve-fd"
#define CW_SERVE_FD 3

#endif
