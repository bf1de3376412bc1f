/* Answers for when the program gives none. Both sides use them; see channel.h. */
#ifndef CW_LIBRARY_FAILURE_H
#define CW_LIBRARY_FAILURE_H

/* Why there is no answer of the program: the members of an error object (certwright-json(7)). */
struct cw_failure {
	const char *status; /* NULL: all is well */
	char message[512];
	const char *hint; /* NULL: none */
};
enum { CW_REASON_SIZE = 128 };

/* What the errno CODE means, for threads; the text may be in BUFFER. */
const char *cw_failure_reason(int code, char buffer[CW_REASON_SIZE]);
/* Sets FAILURE and returns -1. */
int cw_failure_set(struct cw_failure *failure, const char *status, const char *hint,
		   const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The answer that tells FAILURE, for cw_free(); NULL: out of memory. */
char *cw_failure_answer(const struct cw_failure *failure);

#endif
