/*
 * certwright/plugin.h - the plugin ABI of certwright, version 1.
 *
 * A plugin is a shared object NAME.so in the plugin folder. It exports one symbol, cw_plugin_entry,
 * and links to no library of certwright. Everything that it may call is in struct cw_host, whose
 * address it gets. This is the only header that it needs. It is valid C99 and C++11.
 *
 * The order of this header: options of a plugin; challenges and the authenticator; deployments,
 * enhancements and the installer; the plugin itself and its entry; the services of the host;
 * wrappers for convenient calls of these services.
 *
 * Compatibility. Every struct here begins with its own size. Fields are only ever appended. They
 * are never removed or reordered, and never get another meaning. A core loads plugins that were
 * compiled for the same CW_ABI_MAJOR and any older CW_ABI_MINOR. It reads no field beyond the size
 * in the plugin's struct. In the same way, a plugin must not read a field beyond the size of a
 * struct that it is given (check with CW_HAS).
 *
 * Strings are UTF-8 and NUL-terminated. Unless a comment says otherwise, a pointer that the core
 * passes is valid until the call returns. A pointer that the plugin returns or leaves in a struct
 * must be valid until close() of that instance.
 *
 * Threads. The core calls a plugin from one thread. A plugin may have its own threads, but they
 * must not call the host.
 *
 * Processes. A module is loaded in a plugin process, which holds no keys. An instance lives there
 * from open() to close(). A crash there loses the certificates of that process, not the whole run.
 * What it writes to stdout and stderr goes to the log.
 *
 * Errors. A function of a plugin returns CW_OK, or calls cw_host_fail() and returns a negative enum
 * cw_status. Messages are sentences for an administrator: lower-case start, no full stop, the thing
 * concerned in quotes. The hint says what to do. They must not contain secrets.
 */
#ifndef CERTWRIGHT_PLUGIN_H
#define CERTWRIGHT_PLUGIN_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CW_ABI_MAJOR 1
#define CW_ABI_MINOR 1

/* Whether *STRUCT, which begins with its size, is long enough to hold FIELD. */
#define CW_HAS(pointer, type, field)                                                               \
	((pointer)->size >= offsetof(type, field) + sizeof(((type *)0)->field))

/* What a fallible function returns. Values are never reused. */
enum cw_status {
	CW_OK = 0,
	CW_E_NOMEM = -1,        /* out of memory */
	CW_E_INVALID = -2,      /* bad input: an option, a name, a file's contents */
	CW_E_IO = -3,           /* a system call on a file or socket failed */
	CW_E_NOT_FOUND = -4,    /* the thing named does not exist */
	CW_E_EXISTS = -5,       /* the thing to be made already exists */
	CW_E_PERMISSION = -6,   /* not allowed, or permissions are too wide */
	CW_E_BUSY = -7,         /* a lock or port is held by another process */
	CW_E_TIMEOUT = -8,      /* a time limit passed */
	CW_E_NETWORK = -9,      /* a host could not be reached, or the connection broke */
	CW_E_PROTOCOL = -10,    /* a peer sent an invalid answer */
	CW_E_ACME = -11,        /* the CA refused, with a problem document */
	CW_E_PLUGIN = -12,      /* a plugin failed, crashed or broke the ABI */
	CW_E_CANCELLED = -13,   /* cancelled by a signal or the user */
	CW_E_UNSUPPORTED = -14, /* not possible here: a feature, a challenge type, an OS */
	CW_E_USAGE = -15,       /* a mistake on the command line */
	CW_E_CRYPTO = -16,      /* the cryptographic library failed */
	CW_E_COMMAND = -17      /* a program exited non-zero or was killed by a signal */
};

/* Since 1.1. What enhance() of an installer returns if there was nothing to do. */
#define CW_UNNEEDED 1

struct cw_host;

/* What an option takes on the command line and in cli.ini. */
enum cw_option_kind {
	CW_OPTION_FLAG = 0,      /* no value; "True" or "False" in a renewal file */
	CW_OPTION_STRING = 1,    /* one value */
	CW_OPTION_INTEGER = 2,   /* one decimal number, signed, of 64 bits */
	CW_OPTION_PATH = 3,      /* one path; made absolute when given on the command line */
	CW_OPTION_LIST = 4,      /* values, by repeating the option or by commas */
	CW_OPTION_PATH_LIST = 5, /* paths, by repeating the option only */
	CW_OPTION_MAP = 6        /* a JSON object of strings; a [[section]] in a renewal file */
};

/* Since 1.1. */
enum cw_plugin_option_flags {
	/* Without a value no instance is opened. The error names the option and its environment
	 * variable. */
	CW_OPTION_REQUIRED = 1,
	/*
	 * A secret. The log and all messages show "[secret]" instead. It is never written to a
	 * renewal file, so a renewal needs it from cli.ini or the environment. For a secret that
	 * renewals need, use an option that names a credentials file instead: see read_private().
	 */
	CW_OPTION_SECRET = 2
};

/*
 * One option of a plugin. Option "path" of plugin "webroot" is --webroot-path on the command
 * line, webroot-path in cli.ini, webroot_path in the renewal file. The plugin itself always
 * calls it "path".
 */
struct cw_plugin_option {
	size_t size;      /* sizeof(struct cw_plugin_option) */
	const char *name; /* lower-case letters, digits, '-' */
	enum cw_option_kind kind;
	const char *default_value; /* as on the command line; NULL: none */
	const char *metavar; /* the word for the value in --help, such as "PATH"; NULL: made from
				the kind */
	const char *help;    /* one or more sentences for --help and the man page */
	/*
	 * For a CW_OPTION_LIST or CW_OPTION_PATH_LIST whose values are matched with the names by
	 * their position, as webroot's -w is with -d. It is the name of a CW_OPTION_MAP option of
	 * the same plugin, which is filled with name -> value. Each value is for the names after
	 * it, and the first also for the names before it. NULL: an ordinary option.
	 */
	const char *fills_map;
	const char *const *choices; /* the values allowed, NULL-terminated; NULL: any */
	/* Since 1.1. Of enum cw_plugin_option_flags, joined by "|". */
	unsigned flags;
	/*
	 * Since 1.1. An environment variable, such as "EXAMPLE_TOKEN". It gives the value if
	 * neither the command line nor a configuration file does, in the form of cli.ini. NULL:
	 * none.
	 */
	const char *environment;
};

/*
 * One challenge (RFC 8555 section 8) for a plugin to satisfy. The core makes it and owns it. It is
 * valid from perform() until cleanup() returns.
 */
struct cw_challenge {
	size_t size;
	const char *lineage; /* the certificate's name, as in --cert-name */
	/* "http-01", "dns-01" (RFC 8555), "tls-alpn-01" (RFC 8737); since 1.1 also "dns-account-01"
	 * (draft-ietf-acme-dns-account-label), which is dns-01 with a record for each account, and
	 * "dns-persist-01" (draft-ietf-acme-dns-persist) */
	const char *type;
	const char *identifier_type;   /* "dns", or "ip" (RFC 8738) */
	const char *identifier;        /* A-labels without "*.", or an IP address (RFC 5952 form) */
	int wildcard;                  /* 1 if the certificate's name is "*." and the identifier */
	const char *token;             /* base64url, at most 512 bytes; "" in dns-persist-01 */
	const char *key_authorization; /* RFC 8555 section 8.1 */
	/*
	 * What the CA must find. http-01: the key authorization, as the body. dns-01: the value of
	 * the TXT record, which is the base64url of the SHA-256 of the key authorization.
	 * tls-alpn-01: that SHA-256 in lower-case hex (64 digits), which is the content of the
	 * acmeIdentifier extension. dns-persist-01: the value of a TXT record, which cleanup()
	 * must leave where it is.
	 */
	const char *validation;
	/*
	 * Where the CA looks. http-01: the path, "/.well-known/acme-challenge/TOKEN". dns-01: the
	 * name of the record without a trailing dot, "_acme-challenge.IDENTIFIER" or as --dns-alias
	 * says; "_LABEL._acme-challenge.IDENTIFIER" in dns-account-01,
	 * "_validation-persist.IDENTIFIER" in dns-persist-01. tls-alpn-01: the name expected in SNI
	 * (for IP addresses a reverse-mapping name, RFC 8738 section 6).
	 */
	const char *location;
	/* For the plugin. NULL at first; kept from perform() to cleanup(). */
	void *plugin_data;
	/* CW_OK at first. Set by cw_host_fail_challenge(), and read by the core after perform(). */
	int result;
	/* The identifiers of this certificate that have challenges in this batch,
	 * all_identifiers_count of them. */
	const char *const *all_identifiers;
	size_t all_identifiers_count;
};

struct cw_authenticator {
	size_t size; /* sizeof(struct cw_authenticator) */

	/*
	 * Returns the challenge types that this instance can satisfy for an identifier, most
	 * preferred first. The array is NULL-terminated and valid until close(). An empty array
	 * means that it cannot validate the identifier. SELF is what open() gave, or NULL if the
	 * core only lists the plugin.
	 */
	const char *const *(*challenge_types)(void *self, const char *identifier_type,
					      const char *identifier);

	/*
	 * Satisfies the challenges of a whole batch, possibly of several certificates. If one
	 * fails, report it with cw_host_fail_challenge() and continue with the others. A negative
	 * return value fails all of them. On return, the CA must be able to check every challenge
	 * that did not fail.
	 */
	int (*perform)(void *self, struct cw_challenge *const *challenges, size_t count);

	/*
	 * Undoes perform() for the same array. Called once after every perform(), whatever
	 * perform() returned, also after signals and time limits. It must continue after a failure,
	 * and may report it.
	 */
	int (*cleanup)(void *self, struct cw_challenge *const *challenges, size_t count);
};

/* Since 1.1. Why an installer is called. A later version may add others: treat an unknown one like
 * CW_REASON_RETRY. */
enum cw_reason {
	CW_REASON_INSTALL = 0, /* "run" or "install"; the certificate may already be in use */
	CW_REASON_RENEW = 1,   /* the lineage has a new certificate */
	/* an earlier run saved it, but failed or ended before it was in use */
	CW_REASON_RETRY = 2,
	CW_REASON_UNDEPLOY = 3, /* the lineage will be deleted */
	CW_REASON_ROLLBACK = 4  /* an older configuration was restored */
};

/* A certificate to deploy. Paths are absolute. They are the files under live/, or those that the
 * user gave to "install". */
struct cw_deployment {
	size_t size;
	const char *lineage; /* NULL: the files belong to no lineage ("install") */
	/* The name whose virtual hosts get the certificate. NULL in deploy_lineage(), renewed() and
	 * undeploy(). */
	const char *name;
	const char *cert_path; /* in check() and undeploy() the files may not exist */
	const char *key_path;
	const char *chain_path;     /* NULL: "install" was not given it */
	const char *fullchain_path; /* likewise */
	/* Since 1.1: the names of the certificate, names_count of them. In undeploy() it is 0 if
	 * the certificate is damaged. */
	const char *const *names;
	size_t names_count;
	enum cw_reason reason; /* since 1.1 */
	/* Since 1.1: the serial number, in hexadecimal, of the certificate that the server had
	 * before. NULL: there was none, its file is gone, or nothing was renewed. */
	const char *previous_serial;
	/* Since 1.1: when it expires, in seconds since the epoch. 0: unknown. It is unknown in
	 * check(), and in undeploy() if the certificate is damaged. */
	int64_t expiry;
	/* Since 1.1: the names for which the user has this installer deploy it, hosts_count of
	 * them. It is 0 in renewed() if nothing was deployed. */
	const char *const *hosts;
	size_t hosts_count;
};

/* Receives a name. Returns CW_OK, or a negative status that the caller must return too. */
typedef int (*cw_name_sink)(void *context, const char *name);

/*
 * An installer makes a server use certificates. It edits the server's configuration to name the
 * files under live/, or it copies the certificate to where the server wants it. It makes its edits
 * with the checkpoint services of the host. The core then does rollback and recovery. Every
 * function may be NULL except deploy. deploy may be NULL too if there is a deploy_lineage.
 *
 * The plugin author's guide has a table of all calls and their order.
 */
struct cw_installer {
	size_t size; /* sizeof(struct cw_installer) */
	/* Calls SINK once for every name of the server's virtual hosts. */
	int (*names)(void *self, cw_name_sink sink, void *context);
	/* Makes the configuration use the certificate for one name; does not reload. */
	int (*deploy)(void *self, const struct cw_deployment *deployment);
	/* The enhancements of enhance(): "redirect", "hsts", "uir", "staple-ocsp", and since 1.1
	 * "auto-hsts"; NULL-terminated. */
	const char *const *enhancements;
	/* Adds an enhancement for one name. Since 1.1 it may return CW_UNNEEDED if it had nothing
	 * to do: the enhancement is there already, or it does not apply. It logs which.
	 *
	 * The host decides when which max-age of "auto-hsts" comes. ENHANCEMENT is then
	 * "auto-hsts=OLD:NEW": Strict-Transport-Security is sent with a max-age of NEW seconds in
	 * place of OLD. OLD is 0 the first time, when the header is added. A header that somebody
	 * else has set stays. CW_E_NOT_FOUND ends it: the header with OLD is removed, or the name.
	 */
	int (*enhance)(void *self, const char *name, const char *enhancement);
	/* Writes the changes of the functions above, with the checkpoint services. */
	int (*save)(void *self, const char *title);
	/* Asks the server whether its configuration is valid. The error contains the server's
	 * output. */
	int (*config_test)(void *self);
	/* Makes the running server use the configuration, and waits until it does. */
	int (*reload)(void *self);
	/* Forgets everything that the instance has read, because the files were rolled back. */
	int (*reread)(void *self);
	/*
	 * Since 1.1. Says whether deploy() could do this, before the certificate is obtained. Its
	 * files may not exist yet. It changes nothing and asks nothing. If deploy() would have to
	 * ask, it returns CW_OK. Called for each name, or once if there is a deploy_lineage.
	 */
	int (*check)(void *self, const struct cw_deployment *deployment);
	/* Since 1.1. Called instead of deploy(), for all hosts of the deployment at once. */
	int (*deploy_lineage)(void *self, const struct cw_deployment *deployment);
	/*
	 * Since 1.1. The files of a lineage have changed: updates the server's copy. Called once
	 * for each lineage. Then save(), config_test() and reload() are called once for all
	 * lineages of the instance. Until that succeeds, each run of "renew" calls it again, so it
	 * may be called twice for the same certificate. If it fails, the other lineages continue
	 * without it. NULL: deploy_lineage(), or deploy() for each host, is called instead. If the
	 * server reads the files under live/, return CW_OK: only the reload is needed.
	 */
	int (*renewed)(void *self, const struct cw_deployment *deployment);
	/*
	 * Since 1.1. Removes the certificate from the server, before its files are deleted. Then
	 * save(), config_test() and reload() are called. Called only if the user agrees. Returns
	 * CW_OK if there is nothing to remove. NULL: the user is told to do it by hand.
	 */
	int (*undeploy)(void *self, const struct cw_deployment *deployment);
};

/* What an instance may do by itself, without the host. */
enum cw_rights {
	CW_RIGHTS_USER = 0,    /* everything that the user who runs certwright may do */
	CW_RIGHTS_NETWORK = 1, /* connect to other hosts; otherwise the same as CW_RIGHTS_NONE */
	CW_RIGHTS_NONE = 2     /* use its memory and the sockets from listen() */
};

struct cw_plugin {
	size_t size;             /* sizeof(struct cw_plugin) */
	uint32_t abi_major;      /* CW_ABI_MAJOR */
	uint32_t abi_minor;      /* CW_ABI_MINOR */
	const char *name;        /* as in -a NAME; the module's file name without ".so" */
	const char *version;     /* the plugin's own */
	const char *description; /* one line */
	const char *help;        /* a paragraph for --help NAME; NULL: none */
	const struct cw_plugin_option *const *options; /* NULL-terminated; NULL: none */

	/*
	 * Makes an instance. HOST is valid until close(). This must be quick and have no effect
	 * outside the process. *SELF is passed to all functions below; it may be NULL.
	 */
	int (*open)(const struct cw_host *host, void **self);
	/* Says whether the plugin can work here and now (programs, files, options). NULL: it
	 * can. */
	int (*prepare)(void *self);
	/* Ends an instance; NULL: nothing to do. */
	void (*close)(void *self);
	/*
	 * Returns a folder that only one process may use at a time, such as a server's
	 * configuration. The core locks DIRECTORY/.certbot.lock from before prepare() until after
	 * close(). The string must be valid until close(). If the function is NULL or returns NULL,
	 * nothing is locked.
	 */
	const char *(*exclusive_directory)(void *self);

	const struct cw_authenticator *authenticator; /* NULL: not an authenticator */
	const struct cw_installer *installer;         /* NULL: not an installer */

	/*
	 * Since 1.1. Returns the rights that an instance with these options and settings needs.
	 * Called before open(), when only the options and settings of HOST work. NULL:
	 * CW_RIGHTS_USER.
	 *
	 * With fewer rights than the user, the process becomes an unprivileged user and cannot open
	 * files. Not available are run(), exclusive_directory(), and the services for files,
	 * checkpoints and undo, except undo_plugin() and checkpoint_plugin(). read_credentials()
	 * reads only files that the plugin's options name.
	 */
	enum cw_rights (*rights)(const struct cw_host *host);
	/*
	 * Since 1.1. Undoes the change that DATA describes. DATA was given to undo_plugin() or
	 * checkpoint_plugin(). The instance has the same options and rights as then. If a change is
	 * rolled back at once, it is the same instance. Otherwise it is an instance in a new
	 * process, where the user cannot be asked and prepare() was not called. If undo() is
	 * killed, it is called again, so treat anything that is already undone as success. If it
	 * fails, there is a warning, and it is not called again. NULL: the plugin calls neither
	 * service.
	 */
	int (*undo)(void *self, const char *data);
};

/* The one exported symbol. Returns a struct that is valid as long as the module is loaded. */
typedef const struct cw_plugin *(*cw_plugin_entry_function)(void);

#if defined(__GNUC__)
#define CW_EXPORT __attribute__((visibility("default")))
#define CW_PRINTF(format_index, first) __attribute__((format(printf, format_index, first)))
#else
#define CW_EXPORT
#define CW_PRINTF(format_index, first)
#endif

CW_EXPORT const struct cw_plugin *cw_plugin_entry(void);

enum cw_log_level { CW_LOG_DEBUG = 0, CW_LOG_INFO = 1, CW_LOG_WARNING = 2, CW_LOG_ERROR = 3 };

/* A program to run. No shell is used unless argv[0] is one. */
struct cw_command {
	size_t size;             /* sizeof(struct cw_command) */
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH, then in sbin */
	/* NAME=VALUE is added to our environment; NAME alone is removed from it. NULL: ours. */
	const char *const *environment;
	const char *input;     /* its standard input; NULL: /dev/null */
	size_t input_length;   /* bytes */
	unsigned time_limit;   /* seconds, then its process group is ended; 0: no limit */
	size_t output_limit;   /* bytes kept of stdout, and of stderr; 0: 64 KiB */
	const char *directory; /* its working directory; NULL: ours */
};

/* How a program ended. Filled by the host; release with cw_host_release_result(). */
struct cw_command_result {
	size_t size;     /* sizeof(struct cw_command_result), set by the plugin */
	int status;      /* CW_OK: exit status 0; CW_E_COMMAND, CW_E_TIMEOUT, CW_E_NOT_FOUND, ... */
	int exit_status; /* 0 to 255, or -1 if it did not exit by itself */
	int signal;      /* the signal that ended it, or 0 */
	char *output;    /* stdout, NUL-terminated, cut at output_limit */
	size_t output_length;
	char *error_output; /* stderr, likewise */
	size_t error_output_length;
};

struct cw_http_header {
	size_t size;
	const char *name;
	const char *value;
};

struct cw_http_request {
	size_t size;                                 /* sizeof(struct cw_http_request) */
	const char *method;                          /* NULL: "GET", or "POST" if there is a body */
	const char *url;                             /* http or https */
	const struct cw_http_header *const *headers; /* NULL-terminated; NULL: none */
	const char *body;                            /* NULL: none */
	size_t body_length;                          /* bytes */
	unsigned time_limit;                         /* seconds; 0: 30 */
	size_t response_limit; /* bytes; 0: 1 MiB; a longer response is CW_E_PROTOCOL */
	/*
	 * Since 1.1. How many redirections to follow, at most 10. 0: none; the response is then the
	 * redirection. Redirections from https to http are never followed. The headers above are
	 * not sent to another origin (scheme, host, port). A request with a body is not redirected
	 * to another origin: that is CW_E_PROTOCOL. If a plugin's struct ends before this field,
	 * its requests follow 10.
	 */
	unsigned redirections;
	/* Since 1.1. 1: accepts any certificate of the server. --no-verify-ssl has no effect here,
	 * because it is for the ACME server. */
	int no_verify;
	/*
	 * Since 1.1. PEM texts (not paths), as read_private() returns them. ca_certificates: the CA
	 * certificates to trust instead of the system's; NULL: the system's. client_certificate and
	 * client_key: a certificate with its chain, and its private key without a passphrase, to
	 * send to the server; NULL: none. They are not used for another origin.
	 */
	const char *ca_certificates;
	const char *client_certificate;
	const char *client_key;
};

/* Filled by the host; release with cw_host_release_response(). */
struct cw_http_response {
	size_t size;     /* sizeof(struct cw_http_response), set by the plugin */
	int http_status; /* 200, 404, ... */
	char *body;      /* NUL-terminated */
	size_t body_length;
	char *content_type; /* NULL: the response has none */
	/* Since 1.1. "name: value" with the name in lower case, NULL-terminated, in the order of
	 * the response (section "cw_host_header" below). */
	char **headers;
};

/* A TXT record to wait for (section "wait_txt" below). */
struct cw_txt_record {
	size_t size;      /* sizeof(struct cw_txt_record) */
	const char *name; /* without a trailing dot */
	const char *value;
	int result; /* output: CW_OK, or why an authoritative server lacks it */
	/* Output: the same in words, with the name of the server that lacks it; release it with
	 * release(). NULL if the result is CW_OK, or if the error of the call has the reason. */
	char *reason;
};

/* A record to find the place of (section "locate" below). */
struct cw_dns_place {
	size_t size;      /* sizeof(struct cw_dns_place) */
	const char *name; /* without a trailing dot */
	int result;       /* output: CW_OK, or why it was not found */
	char *target;     /* output: name, or the name at the end of its aliases */
	char *zone;       /* output: the zone of target; NULL: unknown */
};

/* Since 1.1. A DNS message to a name server, and its answer (section "dns_exchange" below). */
struct cw_dns_query {
	size_t size; /* sizeof(struct cw_dns_query) */
	/* "ADDRESS", "ADDRESS:PORT" or "[ADDRESS]:PORT"; the default port is 53 */
	const char *server;
	int tcp;               /* 1: over TCP only; 0: over UDP first */
	const void *message;   /* including its header, as sent over UDP */
	size_t message_length; /* 12 to 65535 bytes */
	unsigned time_limit;   /* seconds; 0: 10 */
	void *answer;          /* output: the same for the answer; release it with release() */
	size_t answer_length;  /* output: bytes */
	/* Output: why there is no answer; release it with release(). NULL: unknown. */
	char *reason;
};

/* Since 1.1. For encode() and decode(). */
enum cw_encoding {
	CW_BASE64 = 0,    /* RFC 4648 section 4, with padding */
	CW_BASE64URL = 1, /* RFC 4648 section 5, without padding */
	CW_BASE16 = 2     /* lower-case hex digits; decode() takes both cases */
};

/* Since 1.1. A file to write or remove (section "put_file" below). */
struct cw_file {
	size_t size;          /* sizeof(struct cw_file) */
	const char *path;     /* absolute */
	const void *data;     /* NULL: remove the file */
	size_t length;        /* bytes */
	const void *expected; /* as in write_file(); NULL: not checked */
	size_t expected_length;
	/*
	 * The permission bits. The file has them from the first byte on, whatever it had before.
	 * For a secret they may only give access to the owner, and let the group read. 0: the
	 * file's present bits. A new file, or any file with SECRET, gets 0600 if it has a secret,
	 * else 0644.
	 */
	unsigned mode;
	/* Name or number of a user and of a group. NULL: unchanged, or ours for a new file. */
	const char *owner;
	const char *group;
	int secret; /* 1: it has a secret, such as a private key */
};

/* Called with a descriptor that poll(2) found ready. EVENTS are the poll bits. */
typedef void (*cw_watch_callback)(void *context, int descriptor, short events);

/*
 * The services. A plugin calls them with the cw_host_* wrappers at the end of this header. The
 * first argument of each is the host. If a service fails, it has already set the error of the
 * current call. The plugin may return that status, replace the error with cw_host_fail(), or ignore
 * it.
 */
struct cw_host {
	size_t size;
	uint32_t abi_major;
	uint32_t abi_minor;
	void *core; /* for the core only */

	/* Writes a line to the log. From CW_LOG_WARNING on, the administrator sees it too. */
	void (*log)(const struct cw_host *host, enum cw_log_level level, const char *text);
	/* Sets why the current call fails. HINT may be NULL. Copies both texts. Returns STATUS. */
	int (*fail)(const struct cw_host *host, int status, const char *hint, const char *message);
	/* Sets why one challenge fails, and its result. Copies both texts. MESSAGE NULL: uses the
	 * last reason from fail() or from a failing service in the current call. */
	void (*fail_challenge)(const struct cw_host *host, struct cw_challenge *challenge,
			       int status, const char *hint, const char *message);
	/* TEXT is a secret of 4 bytes or more: from now on the log and all messages show "[secret]"
	 * instead. */
	void (*secret)(const struct cw_host *host, const char *text);

	/* Whether there is a user to ask. If 0, the services that ask fail with CW_E_USAGE. */
	int (*interactive)(const struct cw_host *host);
	/* Shows TEXT. With WAIT, waits for the Enter key. */
	int (*notify)(const struct cw_host *host, const char *text, int wait);
	/* Asks a yes-or-no question. *ANSWER must have the default, and gets the answer. */
	int (*ask_yes_no)(const struct cw_host *host, const char *question, int *answer);
	/* Asks for a line of text. Release *ANSWER with release(). SECRET: the input is not
	 * shown. */
	int (*ask_text)(const struct cw_host *host, const char *question, int secret,
			char **answer);
	/* Lets the user choose one of COUNT items. *CHOICE gets its index, from 0. */
	int (*ask_choice)(const struct cw_host *host, const char *question,
			  const char *const *items, size_t count, size_t *choice);

	/*
	 * Returns the value of one of the plugin's own options, in the form of the command line, or
	 * NULL. A flag is "1" or "0". A list gives its first value. The value is valid until the
	 * option is set or the instance is closed.
	 */
	const char *(*option)(const struct cw_host *host, const char *name);
	/* Return the number of values of a list option, and the value at INDEX (NULL past the
	 * end). */
	size_t (*option_count)(const struct cw_host *host, const char *name);
	const char *(*option_at)(const struct cw_host *host, const char *name, size_t index);
	/* Returns 1 if the user has set the option (command line, cli.ini or renewal file), else
	 * 0. */
	int (*option_given)(const struct cw_host *host, const char *name);
	/* Returns the value of a map option for KEY, or NULL. */
	const char *(*option_map)(const struct cw_host *host, const char *name, const char *key);
	/* Sets an option, or KEY of a map option (NULL for other options). The value is saved for
	 * renewals. */
	int (*set_option)(const struct cw_host *host, const char *name, const char *key,
			  const char *value);
	/*
	 * Returns a setting of the core that concerns plugins: "http-01-port", "http-01-address",
	 * "tls-alpn-01-port", "tls-alpn-01-address", "https-port", "config-dir", "work-dir",
	 * "logs-dir", "dry-run", "preferred-challenges", "dns-resolver". Returns NULL for others
	 * and if it is not set. Since 1.1 also "plugin-timeout" (seconds), "plugin-name" (the name
	 * that the plugin is used by), "program-path" (the folders that run searches for programs,
	 * as in PATH), and "plugin-options": all its options but maps as a JSON object of their
	 * names and values. These are strings or null, arrays of strings for lists, and true or
	 * false for flags.
	 */
	const char *(*setting)(const struct cw_host *host, const char *name);

	/*
	 * Runs COUNT programs, at most JOBS at a time (0: one after the other, in order), and fills
	 * RESULTS. Returns CW_OK if all were tried, however they ended. The event loop runs in the
	 * meantime.
	 */
	int (*run)(const struct cw_host *host, const struct cw_command *const *commands,
		   struct cw_command_result *const *results, size_t count, size_t jobs);
	/* Sends one HTTP request through the core's connection pool. */
	int (*http)(const struct cw_host *host, const struct cw_http_request *request,
		    struct cw_http_response *response);
	/*
	 * Reads a credentials file of at most 1 MiB. There is a warning if users other than its
	 * owner can read it. If others can write to it, it is refused (CW_E_PERMISSION). Every
	 * value after a '=' becomes a secret, or every string of a JSON file. Release *TEXT with
	 * release().
	 */
	int (*read_credentials)(const struct cw_host *host, const char *path, char **text);
	/*
	 * Waits until every authoritative server of each record's zone has the value, SECONDS at
	 * most. Sets each record's result. Returns CW_OK if all have it, else CW_E_TIMEOUT with an
	 * error that names the server and the record. A server that cannot be found or does not
	 * answer in that time is only a warning, because the CA may reach it.
	 */
	int (*wait_txt)(const struct cw_host *host, struct cw_txt_record *const *records,
			size_t count, unsigned seconds);

	/*
	 * Replaces the contents of PATH, or makes the file with mode 0644. The old contents are
	 * first copied to the current checkpoint. The new ones are written to a temporary file in
	 * the same folder, synced and renamed. Owner, mode, ACLs and extended attributes are kept.
	 * Links are followed. EXPECTED (may be NULL) is what the plugin has read there before. If
	 * the file no longer has these contents, nothing is written and the result is CW_E_BUSY. A
	 * new file with a private key in PEM gets mode 0600, and checkpoints keep it as a secret,
	 * as for put_file().
	 */
	int (*write_file)(const struct cw_host *host, const char *path, const char *data,
			  size_t length, const char *expected, size_t expected_length);
	/* Removes PATH, also under the current checkpoint. */
	int (*remove_file)(const struct cw_host *host, const char *path);
	/* Registers a program that undoes a change other than to files. It runs when the checkpoint
	 * is rolled back. */
	int (*checkpoint_command)(const struct cw_host *host, const char *const *argv);
	/*
	 * Ends the current checkpoint. With TITLE, it is kept for "rollback --checkpoints N". If
	 * TITLE is NULL, it is temporary: checkpoint_revert() reverts it, or the next run after a
	 * crash.
	 */
	int (*checkpoint_commit)(const struct cw_host *host, const char *title);
	/* Restores, byte for byte, what was there before the checkpoint that is not yet committed,
	 * and before the temporary ones. */
	int (*checkpoint_revert)(const struct cw_host *host);

	/*
	 * Register what the core does if this process dies before undo_done(ID): remove a file or
	 * an empty folder, or run a program. This works even after kill -9 or a reboot: the
	 * coordinator does it, or the next run of any verb that writes. The last one registered is
	 * done first. PATH is removed only from the folder that it is in now, not from one that
	 * replaces that folder later. /proc/self/fd/N/NAME is NAME in the folder that is open as N.
	 */
	int (*undo_remove)(const struct cw_host *host, const char *path, unsigned *id);
	int (*undo_command)(const struct cw_host *host, const char *const *argv, unsigned *id);
	int (*undo_done)(const struct cw_host *host, unsigned id);

	/*
	 * Opens a listening TCP socket, non-blocking and close-on-exec, shared with the other
	 * workers of this run. ADDRESS is an IPv4 or IPv6 address; an IPv6 socket is IPV6_V6ONLY.
	 * Close it with close(2). If another run of certwright has the port, this waits for up to
	 * five minutes. CW_E_BUSY names the process that has the port. Any worker may accept any
	 * connection, so find what to answer with shared_get().
	 */
	int (*listen)(const struct cw_host *host, const char *address, unsigned port,
		      int *descriptor);
	/*
	 * A small store that all workers of a run share. It has a key ([A-Za-z0-9_.-], up to 255
	 * bytes) and a value of up to 64 KiB. In shared_put(), VALUE NULL removes the key.
	 * shared_get() returns CW_E_NOT_FOUND if there is none. *DATA is NUL-terminated; release it
	 * with release().
	 */
	int (*shared_put)(const struct cw_host *host, const char *key, const char *value,
			  size_t length);
	int (*shared_get)(const struct cw_host *host, const char *key, char **data, size_t *length);

	/*
	 * Makes the core's event loop call CALLBACK whenever poll(2) finds EVENTS on DESCRIPTOR,
	 * between perform() and cleanup() and while services wait. There is one watch for each
	 * descriptor: watching it again replaces the watch, and EVENTS 0 ends it. The core ends all
	 * watches after cleanup().
	 */
	int (*watch)(const struct cw_host *host, int descriptor, short events,
		     cw_watch_callback callback, void *context);

	/* Releases memory that a service returned. NULL is allowed. */
	void (*release)(const struct cw_host *host, void *memory);

	/*
	 * Finds where records must be written, for all PLACES at once. Follows the CNAMEs of each
	 * name and finds the zone of the last one, through the resolver ("dns-resolver"). Sets each
	 * place's result, target and zone; release the last two with release(). Returns CW_OK if
	 * all were found. The error of the call is that of the first one not found.
	 */
	int (*locate)(const struct cw_host *host, struct cw_dns_place *const *places, size_t count);

	/*
	 * Since 1.1. Sends the plugin's own DNS message (RFC 1035) to a name server and waits for
	 * the answer. Any message with the same ID counts as the answer. Over UDP the message is
	 * sent again until an answer comes. If the answer is truncated (TC), everything is done
	 * again over TCP. Sets QUERY's answer and answer_length. CW_E_TIMEOUT if no answer comes in
	 * time; CW_E_NETWORK if the server cannot be reached.
	 */
	int (*dns_exchange)(const struct cw_host *host, struct cw_dns_query *query);
	/*
	 * Since 1.1. Registers that the core calls the plugin's undo() with DATA (text, 1 MiB at
	 * most) if this process dies before undo_done(ID). It is like undo_command(), but also
	 * works for plugins with fewer rights than the user: not a program undoes the change, but
	 * the plugin itself, with its present options and rights.
	 */
	int (*undo_plugin)(const struct cw_host *host, const char *data, unsigned *id);
	/*
	 * Since 1.1. Like read_credentials(), for plugins that know which values are secrets and
	 * call secret() for them. No value becomes a secret by itself. A file that users other than
	 * its owner and its group can read is refused too (CW_E_PERMISSION).
	 */
	int (*read_private)(const struct cw_host *host, const char *path, char **text);

	/*
	 * Since 1.1. Reads the value of KEY from a credentials file with lines "key = value", as
	 * Certbot's plugins use them. The file is read like read_private() does, and the value
	 * becomes a secret. Quotes around the value are removed. Release *VALUE with release().
	 * CW_E_NOT_FOUND if the file lacks the key or the key has no value: the error names both
	 * the file and the key.
	 */
	int (*credential)(const struct cw_host *host, const char *path, const char *key,
			  char **value);
	/*
	 * Since 1.1. Reads the file PATH below the folder FOLDER, at most LIMIT bytes (0: 1 MiB).
	 * PATH is relative and must not contain "..". No part of it below FOLDER may be a link.
	 * *DATA is NUL-terminated; release it with release(). A longer file is CW_E_INVALID.
	 */
	int (*read_below)(const struct cw_host *host, const char *folder, const char *path,
			  size_t limit, char **data, size_t *length);
	/*
	 * Since 1.1. Finds one value in a JSON text (RFC 8259, at most 32 levels deep). POINTER is
	 * a JSON Pointer (RFC 6901), such as "/records/0/id"; "" is the whole text. *VALUE is the
	 * characters of a string, and JSON for anything else; release it with release().
	 * CW_E_INVALID if TEXT is not JSON. CW_E_NOT_FOUND if there is no such value or it is null.
	 */
	int (*json_get)(const struct cw_host *host, const char *text, size_t length,
			const char *pointer, char **value);
	/* Since 1.1. Returns TEXT as a JSON string with its quotes. Release it with release().
	 * Bytes that are not UTF-8 become U+FFFD. */
	char *(*json_quote)(const struct cw_host *host, const char *text);
	/* Since 1.1. Returns LENGTH bytes in an encoding (RFC 4648), on one line. Release it with
	 * release(). NULL for an unknown encoding. */
	char *(*encode)(const struct cw_host *host, enum cw_encoding encoding, const void *data,
			size_t length);
	/* Since 1.1. The reverse. *DATA is NUL-terminated; release it with release(). CW_E_INVALID
	 * for any other character, also blanks, and for missing padding. */
	int (*decode)(const struct cw_host *host, enum cw_encoding encoding, const char *text,
		      char **data, size_t *length);
	/* Since 1.1. Writes the SHA-256 (FIPS 180-4) of LENGTH bytes to DIGEST: 32 bytes. */
	int (*sha256)(const struct cw_host *host, const void *data, size_t length,
		      unsigned char *digest);
	/* Since 1.1. Writes the HMAC (RFC 2104) with SHA-256 to DIGEST: 32 bytes. */
	int (*hmac_sha256)(const struct cw_host *host, const void *key, size_t key_length,
			   const void *data, size_t length, unsigned char *digest);
	/* Since 1.1. Waits. In the meantime watched descriptors are handled and sockets are served.
	 * CW_E_CANCELLED if the run is interrupted. */
	int (*wait)(const struct cw_host *host, unsigned milliseconds);
	/*
	 * Since 1.1. Says that the current call is still running. A plugin process that shows no
	 * sign of life for the seconds of --plugin-timeout is killed. Services show signs of life
	 * while they wait. A plugin that computes or waits by itself for longer than a few seconds
	 * calls this.
	 */
	void (*still_busy)(const struct cw_host *host);
	/*
	 * Since 1.1. Writes or removes a file under the current checkpoint, like write_file() and
	 * remove_file(), but with a mode and an owner. The old version of a secret is kept, with
	 * mode 0600 in a folder with mode 0700, until the server uses the change. If the change
	 * fails, it is restored. Afterwards no old version is kept. "rollback" does not change
	 * files with secrets, but calls renewed() for their lineages.
	 */
	int (*put_file)(const struct cw_host *host, const struct cw_file *file);
	/*
	 * Since 1.1. Registers that the core calls the plugin's undo() with DATA (text, 1 MiB at
	 * most, no secrets) when the current checkpoint is rolled back: because the change fails,
	 * by "rollback", or by the next run after a crash. It is like checkpoint_command(), but the
	 * plugin itself undoes the change, not a program. Register it before you make the change.
	 * For a plugin without the rights of the user, nothing is kept for "rollback".
	 */
	int (*checkpoint_plugin)(const struct cw_host *host, const char *data);
	/*
	 * Since 1.1. Values that the plugin keeps for a lineage between runs, such as the number
	 * that an appliance gave to its certificate. A value has a KEY ([A-Za-z0-9_.-], up to 64
	 * bytes) and up to 64 KiB. Each lineage can have 100 keys. A value is written at once, is
	 * not part of a checkpoint, and is deleted with the lineage. LINEAGE must be that of the
	 * current call. A plugin sees only its own values. In state_put(), VALUE NULL removes the
	 * key. state_get() returns CW_E_NOT_FOUND if there is none. *DATA is NUL-terminated;
	 * release it with release().
	 */
	int (*state_put)(const struct cw_host *host, const char *lineage, const char *key,
			 const void *value, size_t length);
	int (*state_get)(const struct cw_host *host, const char *lineage, const char *key,
			 char **data, size_t *length);
};

#define CW_MESSAGE_MAX 2048

CW_PRINTF(3, 4)
static inline void
cw_host_log(const struct cw_host *host, enum cw_log_level level, const char *format, ...)
{
	char text[CW_MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	host->log(host, level, text);
}

/* return cw_host_fail(host, CW_E_IO, "hint or NULL", "cannot ...: %s", ...); */
CW_PRINTF(4, 5)
static inline int
cw_host_fail(const struct cw_host *host, int status, const char *hint, const char *format, ...)
{
	char text[CW_MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return (host->fail)(host, status, hint, text); /* cmocka has a macro of that name */
}

CW_PRINTF(5, 6)
static inline void
cw_host_fail_challenge(const struct cw_host *host, struct cw_challenge *challenge, int status,
		       const char *hint, const char *format, ...)
{
	char text[CW_MESSAGE_MAX];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	host->fail_challenge(host, challenge, status, hint, text);
}

/* Fails one challenge for the last reason from a service or from cw_host_fail(). */
static inline void
cw_host_pass_challenge(const struct cw_host *host, struct cw_challenge *challenge, int status)
{
	host->fail_challenge(host, challenge, status, NULL, NULL);
}

static inline const char *
cw_host_option(const struct cw_host *host, const char *name)
{
	return host->option(host, name);
}

static inline int
cw_host_flag(const struct cw_host *host, const char *name)
{
	const char *value = host->option(host, name);

	return value != NULL && strcmp(value, "1") == 0;
}

static inline const char *
cw_host_setting(const struct cw_host *host, const char *name)
{
	return host->setting(host, name);
}

/* Runs one program. RESULT is filled if CW_OK is returned. */
static inline int
cw_host_run(const struct cw_host *host, const struct cw_command *command,
	    struct cw_command_result *result)
{
	return host->run(host, &command, &result, 1, 0);
}

static inline void
cw_host_release_result(const struct cw_host *host, struct cw_command_result *result)
{
	host->release(host, result->output);
	host->release(host, result->error_output);
	result->output = NULL;
	result->error_output = NULL;
}

/* Sends one HTTP request. If CW_OK is returned, release RESPONSE. */
static inline int
cw_host_http(const struct cw_host *host, const struct cw_http_request *request,
	     struct cw_http_response *response)
{
	response->headers = NULL; /* a core of ABI 1.0 does not know them */
	return host->http(host, request, response);
}

static inline void
cw_host_release_response(const struct cw_host *host, struct cw_http_response *response)
{
	host->release(host, response->body);
	host->release(host, response->content_type);
	/* One block of memory, or NULL from a core that does not fill it. */
	host->release(host, response->headers);
	response->body = NULL;
	response->content_type = NULL;
	response->headers = NULL;
}

/* Returns the value of the first header NAME (in lower case) of a response, or NULL. */
static inline const char *
cw_host_header(const struct cw_http_response *response, const char *name)
{
	size_t length = strlen(name);
	char **header;

	for (header = response->headers; header != NULL && *header != NULL; header++)
		if (strncmp(*header, name, length) == 0 && strncmp(*header + length, ": ", 2) == 0)
			return *header + length + 2;
	return NULL;
}

/* Services since 1.1. On a core of ABI 1.0, which lacks them, they fail with CW_E_UNSUPPORTED. */
static inline int
cw_host_lacks(const struct cw_host *host, const char *service)
{
	return cw_host_fail(host, CW_E_UNSUPPORTED, "install a newer certwright",
			    "this certwright does not have the service \"%s\"", service);
}

static inline int
cw_host_dns_exchange(const struct cw_host *host, struct cw_dns_query *query)
{
	return CW_HAS(host, struct cw_host, dns_exchange) ? host->dns_exchange(host, query)
							  : cw_host_lacks(host, "dns_exchange");
}

static inline int
cw_host_undo_plugin(const struct cw_host *host, const char *data, unsigned *id)
{
	return CW_HAS(host, struct cw_host, undo_plugin) ? host->undo_plugin(host, data, id)
							 : cw_host_lacks(host, "undo_plugin");
}

static inline int
cw_host_read_private(const struct cw_host *host, const char *path, char **text)
{
	return CW_HAS(host, struct cw_host, read_private) ? host->read_private(host, path, text)
							  : cw_host_lacks(host, "read_private");
}

static inline int
cw_host_credential(const struct cw_host *host, const char *path, const char *key, char **value)
{
	return CW_HAS(host, struct cw_host, credential) ? host->credential(host, path, key, value)
							: cw_host_lacks(host, "credential");
}

static inline int
cw_host_read_below(const struct cw_host *host, const char *folder, const char *path, size_t limit,
		   char **data, size_t *length)
{
	return CW_HAS(host, struct cw_host, read_below)
		       ? host->read_below(host, folder, path, limit, data, length)
		       : cw_host_lacks(host, "read_below");
}

static inline int
cw_host_json_get(const struct cw_host *host, const char *text, size_t length, const char *pointer,
		 char **value)
{
	return CW_HAS(host, struct cw_host, json_get)
		       ? host->json_get(host, text, length, pointer, value)
		       : cw_host_lacks(host, "json_get");
}

/* Returns NULL if the core lacks it. The same holds for cw_host_encode(). */
static inline char *
cw_host_json_quote(const struct cw_host *host, const char *text)
{
	return CW_HAS(host, struct cw_host, json_quote) ? host->json_quote(host, text) : NULL;
}

static inline char *
cw_host_encode(const struct cw_host *host, enum cw_encoding encoding, const void *data,
	       size_t length)
{
	return CW_HAS(host, struct cw_host, encode) ? host->encode(host, encoding, data, length)
						    : NULL;
}

static inline int
cw_host_decode(const struct cw_host *host, enum cw_encoding encoding, const char *text, char **data,
	       size_t *length)
{
	return CW_HAS(host, struct cw_host, decode)
		       ? host->decode(host, encoding, text, data, length)
		       : cw_host_lacks(host, "decode");
}

static inline int
cw_host_sha256(const struct cw_host *host, const void *data, size_t length, unsigned char *digest)
{
	return CW_HAS(host, struct cw_host, sha256) ? host->sha256(host, data, length, digest)
						    : cw_host_lacks(host, "sha256");
}

static inline int
cw_host_hmac_sha256(const struct cw_host *host, const void *key, size_t key_length,
		    const void *data, size_t length, unsigned char *digest)
{
	return CW_HAS(host, struct cw_host, hmac_sha256)
		       ? host->hmac_sha256(host, key, key_length, data, length, digest)
		       : cw_host_lacks(host, "hmac_sha256");
}

static inline int
cw_host_wait(const struct cw_host *host, unsigned milliseconds)
{
	return CW_HAS(host, struct cw_host, wait) ? host->wait(host, milliseconds)
						  : cw_host_lacks(host, "wait");
}

static inline void
cw_host_still_busy(const struct cw_host *host)
{
	if (CW_HAS(host, struct cw_host, still_busy))
		host->still_busy(host);
}

static inline int
cw_host_put_file(const struct cw_host *host, const struct cw_file *file)
{
	return CW_HAS(host, struct cw_host, put_file) ? host->put_file(host, file)
						      : cw_host_lacks(host, "put_file");
}

static inline int
cw_host_checkpoint_plugin(const struct cw_host *host, const char *data)
{
	return CW_HAS(host, struct cw_host, checkpoint_plugin)
		       ? host->checkpoint_plugin(host, data)
		       : cw_host_lacks(host, "checkpoint_plugin");
}

static inline int
cw_host_state_put(const struct cw_host *host, const char *lineage, const char *key,
		  const void *value, size_t length)
{
	return CW_HAS(host, struct cw_host, state_put)
		       ? host->state_put(host, lineage, key, value, length)
		       : cw_host_lacks(host, "state_put");
}

static inline int
cw_host_state_get(const struct cw_host *host, const char *lineage, const char *key, char **data,
		  size_t *length)
{
	return CW_HAS(host, struct cw_host, state_get)
		       ? host->state_get(host, lineage, key, data, length)
		       : cw_host_lacks(host, "state_get");
}

static inline void
cw_host_release(const struct cw_host *host, void *memory)
{
	host->release(host, memory);
}

#ifdef __cplusplus
}
#endif

#endif
