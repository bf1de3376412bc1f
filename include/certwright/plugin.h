/*
 * certwright/plugin.h - the plugin ABI of certwright, version 1.
 *
 * A plugin is a shared object NAME.so in the plugin folder. It exports one symbol,
 * cw_plugin_entry, and links to no library of certwright: all it may call is in
 * struct cw_host, whose address it gets. This is the only header that it needs.
 * It is clean C99 and C++11.
 *
 * In this order: options that a plugin declares; challenges and the role of an
 * authenticator; deployments, enhancements and the role of an installer; the plugin itself
 * and its entry; the host's services; wrappers that make calls of these read naturally.
 *
 * Compatibility. Every struct here begins with its own size. Fields are only ever
 * appended, never removed, reordered or given another meaning. A core of the same
 * CW_ABI_MAJOR loads plugins compiled against any older CW_ABI_MINOR, and reads no
 * field beyond the size that the plugin's struct states; a plugin must likewise not read
 * a field of a struct that it is given beyond that struct's size (CW_HAS tells).
 *
 * Strings are UTF-8, NUL-terminated. Unless a comment says otherwise a pointer that the
 * core passes is valid until the call returns, and a pointer that the plugin returns or
 * leaves in a struct must be valid until close() of that instance.
 *
 * Threads. The core calls a plugin from one thread. A plugin may have threads of its own;
 * they must not call the host.
 *
 * Processes. A module is loaded, and an instance lives (open() to close()), in a plugin process
 * that holds no keys. A crash there loses that process's certificates, not the run. What it writes
 * to stdout and stderr goes to the log.
 *
 * Errors. A function of a plugin returns CW_OK, or calls cw_host_fail() and returns a
 * negative enum cw_status. Messages are sentences for an administrator: lower-case
 * start, no full stop, the thing concerned in quotes; the hint says what to do. They must
 * not contain secrets.
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
	CW_E_NOT_FOUND = -4,    /* what was named does not exist */
	CW_E_EXISTS = -5,       /* what should be made exists already */
	CW_E_PERMISSION = -6,   /* not allowed, or permissions are too wide */
	CW_E_BUSY = -7,         /* a lock or port is held by another process */
	CW_E_TIMEOUT = -8,      /* a time limit passed */
	CW_E_NETWORK = -9,      /* a host could not be reached, or the connection broke */
	CW_E_PROTOCOL = -10,    /* a peer sent an invalid answer */
	CW_E_ACME = -11,        /* the CA refused, with a problem document */
	CW_E_PLUGIN = -12,      /* a plugin failed, crashed or broke the ABI */
	CW_E_CANCELLED = -13,   /* a signal or the user ended it */
	CW_E_UNSUPPORTED = -14, /* not possible here: a feature, a challenge type, an OS */
	CW_E_USAGE = -15,       /* a mistake on the command line */
	CW_E_CRYPTO = -16,      /* the cryptographic library failed */
	CW_E_COMMAND = -17      /* a program exited non-zero, or was ended by a signal */
};

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
	/* Without a value no instance is opened: the error names the option and its variable. */
	CW_OPTION_REQUIRED = 1,
	/*
	 * A secret: the log and all messages show "[secret]". It is never written to a renewal
	 * file, so a renewal needs it from cli.ini or the environment. For a secret that renewals
	 * need, an option that names a credentials file is better: see read_private().
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
	const char *metavar; /* what --help shows for the value: "PATH"; NULL: from the kind */
	const char *help;    /* one or more sentences for --help and the man page */
	/*
	 * For a CW_OPTION_LIST or CW_OPTION_PATH_LIST that is matched against the names by position
	 * (as webroot's -w is against -d): the name of the CW_OPTION_MAP option of the same plugin
	 * that is filled with name -> value. Each value holds for the names after it, the first
	 * also for names before it. NULL: an ordinary option.
	 */
	const char *fills_map;
	const char *const *choices; /* the values allowed, NULL-terminated; NULL: any */
	/* Since 1.1. Of enum cw_plugin_option_flags, joined by "|". */
	unsigned flags;
	/*
	 * Since 1.1. The environment variable that gives the value if neither the command line nor
	 * a configuration file does, such as "EXAMPLE_TOKEN". It has the form of cli.ini. NULL:
	 * none.
	 */
	const char *environment;
};

/*
 * One challenge (RFC 8555 section 8) for a plugin to satisfy. Made and owned by the core, valid
 * from perform() until cleanup() returns.
 */
struct cw_challenge {
	size_t size;
	const char *lineage; /* the certificate's name, as in --cert-name */
	const char *type;    /* "http-01", "dns-01" (RFC 8555) or "tls-alpn-01" (RFC 8737) */
	const char *identifier_type; /* "dns", or "ip" (RFC 8738) */
	const char *identifier;      /* A-labels without "*.", or an IP address (RFC 5952 form) */
	int wildcard;                /* 1 when the certificate's name is "*." and the identifier */
	const char *token;           /* base64url, at most 512 bytes */
	const char *key_authorization; /* RFC 8555 section 8.1 */
	/*
	 * What the CA must find. http-01: the key authorization, as the body. dns-01: the TXT
	 * value, base64url of the SHA-256 of the key authorization. tls-alpn-01: that SHA-256 in
	 * lower-case hex (64 digits), the contents of the acmeIdentifier extension.
	 */
	const char *validation;
	/*
	 * Where. http-01: the path, "/.well-known/acme-challenge/TOKEN". dns-01: the record's name
	 * without a trailing dot, "_acme-challenge.IDENTIFIER". tls-alpn-01: the name expected in
	 * SNI (RFC 8738 section 6: a reverse-mapping name for IP addresses).
	 */
	const char *location;
	/* For the plugin's use, NULL at first; kept from perform() to cleanup(). */
	void *plugin_data;
	/* CW_OK at first; set by cw_host_fail_challenge(), read by the core after perform(). */
	int result;
	/* The identifiers of this certificate that are challenged in this batch, count of them. */
	const char *const *all_identifiers;
	size_t all_identifiers_count;
};

struct cw_authenticator {
	size_t size; /* sizeof(struct cw_authenticator) */

	/*
	 * The challenge types this instance can satisfy for an identifier, most preferred first: a
	 * NULL-terminated array that lives until close(). An empty array means that it cannot
	 * validate the identifier. SELF is what open() gave, or NULL when the core only lists the
	 * plugin.
	 */
	const char *const *(*challenge_types)(void *self, const char *identifier_type,
					      const char *identifier);

	/*
	 * Satisfies the challenges of a whole batch, possibly of several certificates. When one
	 * fails, report it with cw_host_fail_challenge() and go on with the others. A negative
	 * return value fails all of them. On return every challenge that did not fail must be
	 * ready for the CA to look at.
	 */
	int (*perform)(void *self, struct cw_challenge *const *challenges, size_t count);

	/*
	 * Undoes perform(), for the same array. Called once after every perform(), whatever that
	 * returned, also after signals and time limits; must go on after a failure and may report
	 * it.
	 */
	int (*cleanup)(void *self, struct cw_challenge *const *challenges, size_t count);
};

/* Since 1.1. Why an installer is called. A later version may add others: treat an unknown one like
 * CW_REASON_RETRY. */
enum cw_reason {
	CW_REASON_INSTALL = 0, /* "run" or "install": the certificate may be in use already */
	CW_REASON_RENEW = 1,   /* the lineage has a new certificate */
	CW_REASON_RETRY = 2, /* an earlier run saved it, but failed or ended before it was in use */
	CW_REASON_UNDEPLOY = 3, /* the lineage will be deleted */
	CW_REASON_ROLLBACK = 4  /* an older configuration was restored */
};

/* A certificate to deploy. Paths are absolute and name the files under live/, or those that the
 * user gave to "install". */
struct cw_deployment {
	size_t size;
	const char *lineage;   /* NULL: files of no lineage, from "install" */
	const char *name;      /* the name whose virtual hosts get the certificate; NULL: in
				  deploy_lineage(), renewed() and undeploy() */
	const char *cert_path; /* in check() and undeploy() there may be no such files */
	const char *key_path;
	const char *chain_path;     /* NULL: "install" was not given it */
	const char *fullchain_path; /* likewise */
	/* Since 1.1: the names of the certificate, names_count of them; in undeploy() 0 if the
	 * certificate is damaged. */
	const char *const *names;
	size_t names_count;
	enum cw_reason reason; /* since 1.1 */
	/* Since 1.1: the serial number of the certificate that the server had before, in
	 * hexadecimal. NULL: there was none, its file is gone, or nothing was renewed. */
	const char *previous_serial;
	/* Since 1.1: when it expires, in seconds since the epoch. 0: not known, in check(), and in
	 * undeploy() if the certificate is damaged. */
	int64_t expiry;
	/* Since 1.1: the names that the user has this installer deploy it for, hosts_count of them.
	 * 0 in renewed(): nothing was deployed. */
	const char *const *hosts;
	size_t hosts_count;
};

/* Given a name; returns CW_OK, or a negative status that the caller passes on. */
typedef int (*cw_name_sink)(void *context, const char *name);

/*
 * An installer has a server use certificates. Either it edits the server's configuration to name
 * the files under live/, or it copies the certificate to where the server wants it. Its edits go
 * through the checkpoint services of the host, so that roll-back and recovery are the core's. Every
 * function may be NULL but deploy, and that too if there is a deploy_lineage.
 *
 * The plugin author's guide has a table of all calls and their order.
 */
struct cw_installer {
	size_t size; /* sizeof(struct cw_installer) */
	/* Calls SINK with every name that the server's virtual hosts answer to, each once. */
	int (*names)(void *self, cw_name_sink sink, void *context);
	/* Makes the configuration use the certificate for one name; does not reload. */
	int (*deploy)(void *self, const struct cw_deployment *deployment);
	/* The enhancements of enhance(): "redirect", "hsts", "uir", "staple-ocsp"; NULL-terminated.
	 */
	const char *const *enhancements;
	/* Adds an enhancement for one name. */
	int (*enhance)(void *self, const char *name, const char *enhancement);
	/* Writes what the functions before changed, through the checkpoint services. */
	int (*save)(void *self, const char *title);
	/* Asks the server whether its configuration is valid; the server's words go into the error.
	 */
	int (*config_test)(void *self);
	/* Makes the running server use the configuration, and waits until it does. */
	int (*reload)(void *self);
	/* Drops what the instance has read, because the files were rolled back. */
	int (*reread)(void *self);
	/*
	 * Since 1.1. Says whether deploy() could do this, before the certificate is obtained: its
	 * files may not exist yet. Changes nothing and asks nothing; what deploy() would ask about
	 * passes. Called for each name, or once if there is a deploy_lineage.
	 */
	int (*check)(void *self, const struct cw_deployment *deployment);
	/* Since 1.1. In place of deploy(): for all of the deployment's hosts at once. */
	int (*deploy_lineage)(void *self, const struct cw_deployment *deployment);
	/*
	 * Since 1.1. The files of a lineage have changed: brings the server's copy up to date.
	 * Called once for each lineage, then save(), config_test() and reload() once for all
	 * lineages of the instance. Until that succeeds, each run of "renew" calls it again, so it
	 * may be called twice for the same certificate. If it fails, the other lineages go on
	 * without it. NULL: deploy_lineage(), or deploy() for each host, is called instead. If the
	 * server reads the files under live/, let it return CW_OK: the reload is all that is
	 * needed.
	 */
	int (*renewed)(void *self, const struct cw_deployment *deployment);
	/*
	 * Since 1.1. Takes the certificate away from the server, before its files are deleted; then
	 * save(), config_test() and reload(). Called only if the user agrees. CW_OK if there is
	 * nothing to take away. NULL: the user is told that this is left to do.
	 */
	int (*undeploy)(void *self, const struct cw_deployment *deployment);
};

/* What an instance may do by itself, beside calling the host. */
enum cw_rights {
	CW_RIGHTS_USER = 0,    /* all that the user who runs certwright may */
	CW_RIGHTS_NETWORK = 1, /* connect to other hosts; as little as CW_RIGHTS_NONE otherwise */
	CW_RIGHTS_NONE = 2     /* use its memory, and the sockets that listen() gave it */
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
	 * Makes an instance. HOST lives until close(). Must be quick and without effect outside
	 * the process. *SELF is given to all functions below; it may be left NULL.
	 */
	int (*open)(const struct cw_host *host, void **self);
	/* Says whether the plugin could work here and now (programs, files, options); NULL: yes. */
	int (*prepare)(void *self);
	/* Ends an instance; NULL: nothing to do. */
	void (*close)(void *self);
	/*
	 * The folder, such as a server's configuration, that only one process at a time may use;
	 * the core locks DIRECTORY/.certbot.lock from before prepare() to after close(). NULL, or
	 * NULL returned: nothing. The string lives until close().
	 */
	const char *(*exclusive_directory)(void *self);

	const struct cw_authenticator *authenticator; /* NULL: not an authenticator */
	const struct cw_installer *installer;         /* NULL: not an installer */

	/*
	 * Since 1.1. The rights that an instance with these options and settings needs. Called
	 * before open(), when HOST only has options and settings. With fewer rights than the user's
	 * the process becomes an unprivileged user and cannot open files; run(), the services for
	 * files, checkpoints and undo (but not undo_plugin() and checkpoint_plugin()), and
	 * exclusive_directory() are not available, and read_credentials() reads only files named by
	 * the plugin's options. NULL: CW_RIGHTS_USER.
	 */
	enum cw_rights (*rights)(const struct cw_host *host);
	/*
	 * Since 1.1. Undoes what DATA, given to undo_plugin() or checkpoint_plugin(), is about.
	 * Called on an instance that has the options and the rights of the one then: on the same
	 * one if its change is rolled back at once, else in a process of its own, where nobody can
	 * be asked and prepare() was not called. If it is killed it is called again: what is undone
	 * already is not an error. Not CW_OK: a warning says so, and it is not tried again. NULL:
	 * the plugin calls neither of them.
	 */
	int (*undo)(void *self, const char *data);
};

/* The one symbol. Returns a struct that lives as long as the module is loaded. */
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

/* A program to run. Never passes through a shell unless argv[0] is one. */
struct cw_command {
	size_t size;             /* sizeof(struct cw_command) */
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH, then in sbin */
	const char *const
		*environment;  /* NAME=VALUE, added to ours; NAME alone removes; NULL: ours */
	const char *input;     /* what it reads from stdin; NULL: /dev/null */
	size_t input_length;   /* bytes */
	unsigned time_limit;   /* seconds; its process group is ended when they pass; 0: none */
	size_t output_limit;   /* bytes of stdout kept, and of stderr; 0: 64 KiB */
	const char *directory; /* where it runs; NULL: here */
};

/* How a program ended. Filled by the host; release with cw_host_release_result(). */
struct cw_command_result {
	size_t size;     /* sizeof(struct cw_command_result), set by the plugin */
	int status;      /* CW_OK: exit status 0; CW_E_COMMAND, CW_E_TIMEOUT, CW_E_NOT_FOUND, ... */
	int exit_status; /* 0 to 255, or -1 when it did not exit by itself */
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
	size_t size;        /* sizeof(struct cw_http_request) */
	const char *method; /* NULL: "GET", or "POST" when there is a body */
	const char *url;    /* http or https */
	const struct cw_http_header *const *headers; /* NULL-terminated; NULL: none */
	const char *body;                            /* NULL: none */
	size_t body_length;                          /* bytes */
	unsigned time_limit;                         /* seconds; 0: 30 */
	size_t response_limit; /* bytes; 0: 1 MiB; a longer response is CW_E_PROTOCOL */
	/*
	 * Since 1.1. How many redirections to follow, at most 10; 0: none, the response is the
	 * redirection. Never from https to http. To another origin (scheme, host, port) the headers
	 * above are not sent, and a request with a body is not redirected: that is CW_E_PROTOCOL.
	 * The requests of a plugin whose struct ends before this field follow 10.
	 */
	unsigned redirections;
	/* Since 1.1. 1: accept any certificate of the server. --no-verify-ssl does not matter here:
	 * it is for the ACME server. */
	int no_verify;
	/*
	 * Since 1.1. PEM texts (not paths), as read_private() gives them. The CA certificates to
	 * trust instead of the system's; NULL: the system's. The certificate, with its chain, and
	 * the private key to show to the server, without a passphrase; NULL: none. They are not
	 * shown to another origin.
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
	char *content_type; /* NULL: none given */
	/* Since 1.1. "name: value" with the name in lower case, NULL-terminated, in the order of
	 * the response (section "cw_host_header" below). */
	char **headers;
};

/* A TXT record to wait for (section "wait_txt" below). */
struct cw_txt_record {
	size_t size;      /* sizeof(struct cw_txt_record) */
	const char *name; /* without a trailing dot */
	const char *value;
	int result; /* out: CW_OK, or why an authoritative server lacks it */
	/* out: the same in words, naming the server that lacks it, to be released with release();
	 * NULL: CW_OK, or the reason is that of the call */
	char *reason;
};

/* A record whose place is looked for (section "locate" below). */
struct cw_dns_place {
	size_t size;      /* sizeof(struct cw_dns_place) */
	const char *name; /* without a trailing dot */
	int result;       /* out: CW_OK, or why it was not found */
	char *target;     /* out: NAME, or what it is an alias of in the end */
	char *zone;       /* out: the zone that TARGET is in; NULL: not known */
};

/* Since 1.1. A DNS message for a name server, and the answer (section "dns_exchange" below). */
struct cw_dns_query {
	size_t size;           /* sizeof(struct cw_dns_query) */
	const char *server;    /* "ADDRESS", "ADDRESS:PORT" or "[ADDRESS]:PORT"; port 53 else */
	int tcp;               /* 1: over TCP only; 0: over UDP first */
	const void *message;   /* with its header, as it goes over UDP */
	size_t message_length; /* 12 to 65535 bytes */
	unsigned time_limit;   /* seconds; 0: 10 */
	void *answer;          /* out: likewise, to be released with release() */
	size_t answer_length;  /* out: bytes */
	char *reason; /* out: why there is none, to be released with release(); NULL: not known */
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
	const void *expected; /* as in write_file(); NULL: whatever it says */
	size_t expected_length;
	/*
	 * The permission bits that it has from the first byte on, whatever it had; a secret allows
	 * only the owner, and the group to read. 0: those that it has; a new file, or any with
	 * SECRET, gets 0600 if it has a secret, else 0644.
	 */
	unsigned mode;
	/* A user's and a group's name or number; NULL: as they are, or ours for a new file. */
	const char *owner;
	const char *group;
	int secret; /* 1: it has a secret, such as a private key */
};

/* Given a descriptor that poll(2) found ready, with the poll bits in EVENTS. */
typedef void (*cw_watch_callback)(void *context, int descriptor, short events);

/*
 * The services. A plugin calls them through the cw_host_* wrappers at the end of this header.
 * Each takes the host as its first argument. A failing service has filled the error of the
 * current call already; the plugin may pass its status on, or replace it by calling
 * cw_host_fail() itself, or ignore it.
 */
struct cw_host {
	size_t size;
	uint32_t abi_major;
	uint32_t abi_minor;
	void *core; /* the core's own */

	/* Writes a line to the log; from CW_LOG_WARNING up also for the administrator to see. */
	void (*log)(const struct cw_host *host, enum cw_log_level level, const char *text);
	/* States why the current call fails. HINT may be NULL. Copies both. Returns STATUS. */
	int (*fail)(const struct cw_host *host, int status, const char *hint, const char *message);
	/* States why one challenge fails, and sets its result. Copies both. MESSAGE NULL: for the
	 * reason that fail() or a failing service gave last in the current call. */
	void (*fail_challenge)(const struct cw_host *host, struct cw_challenge *challenge,
			       int status, const char *hint, const char *message);
	/* Makes the log and all messages replace TEXT, a secret of 4 bytes or more, by "[secret]".
	 */
	void (*secret)(const struct cw_host *host, const char *text);

	/* Whether there is a user to ask. If 0, the prompt services fail with CW_E_USAGE. */
	int (*interactive)(const struct cw_host *host);
	/* Shows TEXT; with WAIT waits for the Enter key. */
	int (*notify)(const struct cw_host *host, const char *text, int wait);
	/* Asks a yes-or-no question; *ANSWER holds the default before and the answer after. */
	int (*ask_yes_no)(const struct cw_host *host, const char *question, int *answer);
	/* Asks for a line of text; *ANSWER is to be released with release(). SECRET: not echoed. */
	int (*ask_text)(const struct cw_host *host, const char *question, int secret,
			char **answer);
	/* Lets one of COUNT items be chosen; *CHOICE is its index from 0. */
	int (*ask_choice)(const struct cw_host *host, const char *question,
			  const char *const *items, size_t count, size_t *choice);

	/*
	 * The value of one of the plugin's own options, in the form of the command line, or NULL.
	 * Flags are "1" or "0"; lists give their first value. Lives until the option is set or the
	 * instance is closed.
	 */
	const char *(*option)(const struct cw_host *host, const char *name);
	/* The number of values of a list option, and the one at INDEX (NULL beyond the end). */
	size_t (*option_count)(const struct cw_host *host, const char *name);
	const char *(*option_at)(const struct cw_host *host, const char *name, size_t index);
	/* 1 when the user gave the option (command line, cli.ini or renewal file), else 0. */
	int (*option_given)(const struct cw_host *host, const char *name);
	/* The value of a map option for KEY, or NULL. */
	const char *(*option_map)(const struct cw_host *host, const char *name, const char *key);
	/* Sets an option, or a map option's KEY (else KEY is NULL), to be saved for renewals. */
	int (*set_option)(const struct cw_host *host, const char *name, const char *key,
			  const char *value);
	/*
	 * Settings of the core that concern plugins: "http-01-port", "http-01-address",
	 * "tls-alpn-01-port", "tls-alpn-01-address", "https-port", "config-dir", "work-dir",
	 * "logs-dir", "dry-run", "preferred-challenges", "dns-resolver"; NULL for others and
	 * when not set.
	 */
	const char *(*setting)(const struct cw_host *host, const char *name);

	/*
	 * Runs COUNT programs, at most JOBS at a time (0: one after the other, in order), and fills
	 * RESULTS. Returns CW_OK if all were tried, however they ended. The event loop runs
	 * meanwhile.
	 */
	int (*run)(const struct cw_host *host, const struct cw_command *const *commands,
		   struct cw_command_result *const *results, size_t count, size_t jobs);
	/* Sends one HTTP request through the core's connection pool. */
	int (*http)(const struct cw_host *host, const struct cw_http_request *request,
		    struct cw_http_response *response);
	/*
	 * Reads a file of credentials, at most 1 MiB. One that users other than its owner can read
	 * gives a warning, one that others can write is refused (CW_E_PERMISSION). Every value
	 * after a '=' becomes a secret. *TEXT is to be released with release().
	 */
	int (*read_credentials)(const struct cw_host *host, const char *path, char **text);
	/*
	 * Waits until every authoritative server of each record's zone gives the value, SECONDS at
	 * most. Fills each record's result. CW_OK when all have it, else CW_E_TIMEOUT with an error
	 * that names the server and the record. A server that cannot be found or does not answer in
	 * that time is not a failure: a warning is given, as the CA may reach it.
	 */
	int (*wait_txt)(const struct cw_host *host, struct cw_txt_record *const *records,
			size_t count, unsigned seconds);

	/*
	 * Replaces the contents of PATH (made when missing, mode 0644), keeping a copy of the old
	 * contents in the current checkpoint first: written to a temporary file in the same folder,
	 * synced, renamed; owner, mode, ACLs and extended attributes kept; links followed.
	 * EXPECTED, when not NULL, is what the plugin read there before: when the file no longer
	 * says that, nothing is written and CW_E_BUSY is returned. A new file with a private key in
	 * PEM gets the mode 0600, and is kept in checkpoints as put_file() keeps secrets.
	 */
	int (*write_file)(const struct cw_host *host, const char *path, const char *data,
			  size_t length, const char *expected, size_t expected_length);
	/* Removes PATH, likewise under the current checkpoint. */
	int (*remove_file)(const struct cw_host *host, const char *path);
	/* Registers a program that undoes a change other than to files. It runs when the
	 * checkpoint is rolled back. */
	int (*checkpoint_command)(const struct cw_host *host, const char *const *argv);
	/*
	 * Ends the current checkpoint: TITLE keeps it for "rollback --checkpoints N"; NULL makes it
	 * temporary, to be reverted by checkpoint_revert() or after a crash.
	 */
	int (*checkpoint_commit)(const struct cw_host *host, const char *title);
	/* Restores, byte for byte, what was there before the checkpoint that is not yet committed,
	 * and before the temporary ones. */
	int (*checkpoint_revert)(const struct cw_host *host);

	/*
	 * Registers what the core does if this process dies before undo_done(ID): remove a file or
	 * an empty folder, or run a program. Survives kill -9 and a reboot: the coordinator does
	 * it, or the next run of any verb that writes. The last registered is done first. PATH is
	 * removed only from the folder that it leads to now, not from one that replaces that folder
	 * later. /proc/self/fd/N/NAME is NAME in the folder open as N.
	 */
	int (*undo_remove)(const struct cw_host *host, const char *path, unsigned *id);
	int (*undo_command)(const struct cw_host *host, const char *const *argv, unsigned *id);
	int (*undo_done)(const struct cw_host *host, unsigned id);

	/*
	 * A listening TCP socket, non-blocking and close-on-exec, shared with the other workers of
	 * this run. ADDRESS is an IPv4 or IPv6 address; an IPv6 one is opened IPV6_V6ONLY. Close
	 * it with close(2). Waits up to five minutes while another run of certwright holds the
	 * port; CW_E_BUSY names the process that holds it. Because any worker may accept any
	 * connection, look up what it asks for with shared_get().
	 */
	int (*listen)(const struct cw_host *host, const char *address, unsigned port,
		      int *descriptor);
	/*
	 * A small store shared by all workers of a run: a key ([A-Za-z0-9_.-], up to 255 bytes) and
	 * up to 64 KiB. shared_get() returns CW_E_NOT_FOUND when there is none; *DATA is
	 * NUL-terminated, to be released with release(). VALUE NULL in shared_put() removes the
	 * key.
	 */
	int (*shared_put)(const struct cw_host *host, const char *key, const char *value,
			  size_t length);
	int (*shared_get)(const struct cw_host *host, const char *key, char **data, size_t *length);

	/*
	 * Has the core's event loop call CALLBACK whenever poll(2) finds EVENTS on DESCRIPTOR,
	 * between perform() and cleanup() and while services wait. One watch per descriptor;
	 * watching again replaces it; EVENTS 0 ends it. The core ends all watches after cleanup().
	 */
	int (*watch)(const struct cw_host *host, int descriptor, short events,
		     cw_watch_callback callback, void *context);

	/* Releases memory that a service returned. NULL is allowed. */
	void (*release)(const struct cw_host *host, void *memory);

	/*
	 * Finds where records are to be written: follows the CNAMEs of each name and looks up the
	 * zone that it ends in, through the resolver ("dns-resolver"), for all at once. Fills each
	 * place's result, target and zone; the latter two are to be released with release(). CW_OK
	 * when all were found; the error of the call is that of the first that was not.
	 */
	int (*locate)(const struct cw_host *host, struct cw_dns_place *const *places, size_t count);

	/*
	 * Since 1.1. Sends a DNS message (RFC 1035) of the plugin's own to a name server and waits
	 * for the answer: one with the message's ID, whatever else it says. Over UDP the message is
	 * sent again while no answer comes; where the answer is cut short (TC) all is done again
	 * over TCP. Fills QUERY's answer and answer_length. CW_E_TIMEOUT when no answer comes in
	 * time, CW_E_NETWORK when the server cannot be reached.
	 */
	int (*dns_exchange)(const struct cw_host *host, struct cw_dns_query *query);
	/*
	 * Since 1.1. Registers that the core shall call the plugin's undo() with DATA (text, 1 MiB
	 * at most) if this process dies before undo_done(ID). Like undo_command(), but also for
	 * plugins with fewer rights than the user's: what undoes is no program, but the plugin
	 * itself, with the options and the rights that it has now.
	 */
	int (*undo_plugin)(const struct cw_host *host, const char *data, unsigned *id);
	/*
	 * Since 1.1. As read_credentials(), for plugins that know which values are secrets and say
	 * so with secret(): none is taken for one. A file that users other than its owner and its
	 * group can read is refused too (CW_E_PERMISSION).
	 */
	int (*read_private)(const struct cw_host *host, const char *path, char **text);

	/*
	 * Since 1.1. Reads the value of KEY from a credentials file with lines "key = value", as
	 * Certbot's plugins have them. The file is read as by read_private(), and the value becomes
	 * a secret. Quotes around the value are taken off. *VALUE is to be released with release().
	 * CW_E_NOT_FOUND if the file has no such key, or nothing behind it: the error names both.
	 */
	int (*credential)(const struct cw_host *host, const char *path, const char *key,
			  char **value);
	/*
	 * Since 1.1. Reads the file PATH below the folder FOLDER, at most LIMIT bytes (0: 1 MiB).
	 * PATH is relative; it has no ".." and no part of it, below FOLDER, may be a link. *DATA is
	 * NUL-terminated, to be released with release(). A longer file is CW_E_INVALID.
	 */
	int (*read_below)(const struct cw_host *host, const char *folder, const char *path,
			  size_t limit, char **data, size_t *length);
	/*
	 * Since 1.1. Looks for one value in a JSON text (RFC 8259, at most 32 levels deep). POINTER
	 * is a JSON Pointer (RFC 6901), such as "/records/0/id"; "" is the whole. *VALUE, to be
	 * released with release(), is a string's characters, and anything else as JSON.
	 * CW_E_INVALID if TEXT is not JSON; CW_E_NOT_FOUND if there is no such value, or null.
	 */
	int (*json_get)(const struct cw_host *host, const char *text, size_t length,
			const char *pointer, char **value);
	/* Since 1.1. TEXT as a JSON string with its quotes, to be released with release(). Bytes
	 * that are not UTF-8 become U+FFFD. */
	char *(*json_quote)(const struct cw_host *host, const char *text);
	/* Since 1.1. LENGTH bytes in an encoding (RFC 4648), on one line, to be released with
	 * release(). NULL for an unknown encoding. */
	char *(*encode)(const struct cw_host *host, enum cw_encoding encoding, const void *data,
			size_t length);
	/* Since 1.1. The reverse. *DATA is NUL-terminated, to be released with release().
	 * CW_E_INVALID for any other character, also blanks, and for missing padding. */
	int (*decode)(const struct cw_host *host, enum cw_encoding encoding, const char *text,
		      char **data, size_t *length);
	/* Since 1.1. The SHA-256 (FIPS 180-4) of LENGTH bytes: 32 bytes at DIGEST. */
	int (*sha256)(const struct cw_host *host, const void *data, size_t length,
		      unsigned char *digest);
	/* Since 1.1. The HMAC (RFC 2104) with SHA-256: 32 bytes at DIGEST. */
	int (*hmac_sha256)(const struct cw_host *host, const void *key, size_t key_length,
			   const void *data, size_t length, unsigned char *digest);
	/* Since 1.1. Waits, while descriptors are watched and sockets served. CW_E_CANCELLED if the
	 * run is interrupted meanwhile. */
	int (*wait)(const struct cw_host *host, unsigned milliseconds);
	/*
	 * Since 1.1. Says that the current call goes on. A plugin process that shows no sign of
	 * life for the seconds of --plugin-timeout is killed. Services give such signs while they
	 * wait; a plugin that computes, or waits by itself, for longer than a few seconds calls
	 * this.
	 */
	void (*still_busy)(const struct cw_host *host);
	/*
	 * Since 1.1. Writes or removes a file under the current checkpoint, as write_file() and
	 * remove_file() do, with a mode and an owner. A secret is kept with mode 0600 in a folder
	 * with mode 0700 until the server uses the change, and restored if it fails; after that no
	 * old version is kept. "rollback" leaves files with secrets as they are, and then calls
	 * renewed() for their lineages.
	 */
	int (*put_file)(const struct cw_host *host, const struct cw_file *file);
	/*
	 * Since 1.1. Registers that the core shall call the plugin's undo() with DATA (text, 1 MiB
	 * at most, no secrets) when the current checkpoint is rolled back: because the change
	 * fails, by "rollback", or by the next run after a crash. Like checkpoint_command(), but
	 * no program: the plugin itself. Register it before the change is made. Without the rights
	 * of the user, nothing is kept for "rollback".
	 */
	int (*checkpoint_plugin)(const struct cw_host *host, const char *data);
	/*
	 * Since 1.1. A value that the plugin keeps for a lineage between runs, such as the number
	 * that an appliance gave to its certificate: KEY ([A-Za-z0-9_.-], up to 64 bytes) and up to
	 * 64 KiB; at most 100 keys for each lineage. It is written at once, is not part of a
	 * checkpoint, and is deleted with the lineage. LINEAGE is that of the current call; a
	 * plugin only sees what it has put itself. state_get() returns CW_E_NOT_FOUND when there is
	 * none; *DATA is NUL-terminated, to be released with release(). VALUE NULL removes the key.
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

/* Fails one challenge for the reason that a service, or cw_host_fail(), gave last. */
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

/* Runs one program. RESULT is filled when CW_OK is returned. */
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

/* Sends one HTTP request. RESPONSE is to be released when CW_OK is returned. */
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

/* The value of the first header NAME (in lower case) of a response, or NULL. */
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

/* Services since 1.1: each fails with CW_E_UNSUPPORTED on a core of ABI 1.0, which lacks it. */
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

/* NULL from a core that lacks it; likewise cw_host_encode(). */
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
