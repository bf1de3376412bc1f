/* The formats of "export". */
#ifndef CW_FLOW_MOVING_FORMAT_H
#define CW_FLOW_MOVING_FORMAT_H

#include <stdbool.h>
#include "base/buf.h"
#include "base/error.h"
#include "crypto/key.h"

/* A certificate in memory. */
struct cw_exported {
	const char *name;
	const char *leaf, *issuers; /* PEM */
	const struct cw_key *key;
};

struct cw_export_format {
	const char *name; /* as --format has it */
	bool needs_password;
	bool is_binary;
	/* Appends the file. PART: of --part. PASSWORD: NULL if it needs none. */
	int (*make)(const struct cw_exported *exported, const char *part, const char *password,
		    struct cw_buf *file, struct cw_error *error);
};

/* NULL: there is none of that name. */
const struct cw_export_format *cw_export_format_by_name(const char *name);

#endif
