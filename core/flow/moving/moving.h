/*
 * What another ACME client keeps. A reader (moving/source.h) collects it from the client's files,
 * which it neither changes nor executes; moving/take_over.h checks and saves it. If something is
 * wrong with one account or certificate, its error is set, and the reader goes on.
 */
#ifndef CW_FLOW_MOVING_MOVING_H
#define CW_FLOW_MOVING_MOVING_H

#include "base/error.h"
#include "base/json.h"
#include "base/strv.h"
#include "crypto/key.h"
#include "store/configobj.h"

enum cw_moved_action {
	CW_MOVED_IMPORTED,  /* saved, or to be saved */
	CW_MOVED_PRESENT,   /* it was here before */
	CW_MOVED_SIMULATED, /* would be saved without --dry-run */
	CW_MOVED_FAILED
};

struct cw_moved_account {
	char *source;            /* the file of its key */
	char *server;            /* the directory URL; NULL: not known */
	char *uri;               /* NULL: the CA has to be asked */
	struct cw_key *key;      /* NULL: it cannot be read */
	struct cw_strv contacts; /* "mailto:..." */
	struct cw_error error;   /* why it cannot be taken over */
	enum cw_moved_action action;
};

struct cw_moved_certificate {
	char *name;                             /* of the lineage; no other one here has it */
	bool is_wildcard;                       /* the domain that it is named after */
	char *source;                           /* its file or folder */
	char *server;                           /* the directory URL; NULL: that of the account */
	const struct cw_moved_account *account; /* NULL: the source has none */
	char *chain;                            /* PEM: the certificate and its issuers */
	struct cw_key *key;
	char *authenticator;         /* the plugin; NULL: not known */
	struct cw_strv settings;     /* internal name and value by turns */
	struct cw_strv webroots;     /* name ("": all others) and folder by turns */
	struct cw_configobj *config; /* Certbot's renewal file, to be kept; NULL: none */
	struct cw_error error;
	enum cw_moved_action action;
	/* Set by take_over. */
	char *leaf, *issuers;         /* PEM */
	struct json_object *describe; /* the certificate, as --json describes it */
};

/* Something that could not be taken over. */
struct cw_moved_remark {
	char *source, *message, *hint;
};

struct cw_moving {
	struct cw_moved_account **accounts;
	size_t account_count;
	struct cw_moved_certificate **certificates;
	size_t certificate_count;
	struct cw_moved_remark *remarks;
	size_t remark_count;
};

void cw_moving_clear(struct cw_moving *moving);
#define cw_auto_moving cw_auto(cw_moving_clear)

/* Adds the account whose key is in the file SOURCE (PEM or DER). */
struct cw_moved_account *cw_moving_add_account(struct cw_moving *moving, const char *source,
					       const char *server);
/* The same for a key that was read, which is taken; NULL: the caller sets the error. */
struct cw_moved_account *cw_moving_add_account_of(struct cw_moving *moving, const char *source,
						  const char *server, struct cw_key *key);
/* Takes the contacts of an ACME account object (RFC 8555 section 7.1.2); NULL is allowed. */
void cw_moved_account_describe(struct cw_moved_account *account, struct json_object *body);
/* The account at SERVER; NULL: none. */
struct cw_moved_account *cw_moving_account_at(const struct cw_moving *moving, const char *server);

/* Adds a certificate for DOMAIN. Its lineage gets that name without "*.", with "-SUFFIX" behind it
 * if that name is taken. One that is not a wildcard takes the name from one that is. */
struct cw_moved_certificate *cw_moving_add_certificate(struct cw_moving *moving, const char *domain,
						       const char *suffix, const char *source);
/* Reads the key and the chain. CHAIN_FILES: PEM files to be joined, NULL-terminated. */
void cw_moved_load(struct cw_moved_certificate *certificate, const char *key_file,
		   const char *const *chain_files);
/* Adds the chain in FILE if the one that was read is only the certificate, and FILE exists. */
void cw_moved_add_issuer(struct cw_moved_certificate *certificate, const char *file);
/* A setting for renewals. VALUE NULL or "": none. */
void cw_moved_set(struct cw_moved_certificate *certificate, const char *internal,
		  const char *value);
/* NAME is proved by files in FOLDER/.well-known/acme-challenge; NULL: all names without a folder of
 * their own. */
void cw_moved_set_webroot(struct cw_moved_certificate *certificate, const char *name,
			  const char *folder);
/* The folder that a client puts its tokens in, as a webroot: without "/.well-known/acme-challenge"
 * at its end. NULL if it does not end so. Release with free(). */
char *cw_moved_webroot_of(const char *token_folder);

/* Reads a small JSON object from a file. */
int cw_moved_json(const char *path, struct json_object **object, struct cw_error *error);
/* HINT: what to do; NULL: nothing. */
void cw_moving_remark(struct cw_moving *moving, const char *source, const char *hint,
		      const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
