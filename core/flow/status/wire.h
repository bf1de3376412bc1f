/* The messages between the status process and its owner (base/message.h). For this folder only. */
#ifndef CW_FLOW_STATUS_WIRE_H
#define CW_FLOW_STATUS_WIRE_H

/* The document has at most this many bytes as text. */
#define CW_STATUS_DOCUMENT_MAX (32 * 1024 * 1024)

enum {
	/* Owner: begin. The listening socket, the module's path, the user to become (NULL: none),
	 * whether an incomplete sandbox is an error, the machine's names. Answer: an error, or a
	 * list of what the sandbox lacks. */
	CW_STATUS_BEGIN = 1,
	CW_STATUS_ANSWER,
	/* Process: asks for the document. Answer: its text; empty if there is none yet. */
	CW_STATUS_DOCUMENT,
	/* Process: a level and a line for the log. */
	CW_STATUS_LOG
};

#endif
