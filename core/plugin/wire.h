/*
 * The messages between the coordinator and a plugin process (base/message.h): their types, and the
 * values of plugins as fields. Both sides use the same functions, so that one side reads what the
 * other writes. A function that reads checks the bounds of every field. cw_message_finish() says
 * whether the message is valid.
 *
 * The first field of every answer is an error. If the request failed, the other fields follow only
 * if the comment of the request says so.
 */
#ifndef CW_PLUGIN_WIRE_H
#define CW_PLUGIN_WIRE_H

#include <certwright/plugin.h>
#include "base/message.h"
#include "base/option.h"
#include "plugin/installation.h"
#include "plugin/instance.h"
#include "plugin/registry.h"
#include "store/directories.h"

enum cw_plugin_message {
	CW_PLUGIN_ANSWER = 1,
	/*
	 * Requests of the coordinator. Each comment lists the fields of the request and, after the
	 * colon, those of the answer. Only one request at a time: the next is sent when the last
	 * was answered.
	 */
	CW_PLUGIN_LOAD,    /* name, path, name in libltdl's table or none, whether it is the null
			      installer, whether it is a plugin of Certbot, and if so
			      (cw_wire_put_description): (cw_wire_put_description) */
	CW_PLUGIN_OPEN,    /* (cw_wire_put_settings): list of what the sandbox lacks */
	CW_PLUGIN_TYPES,   /* identifier types, one identifier for each: list for each */
	CW_PLUGIN_PERFORM, /* (cw_wire_put_challenges): (cw_wire_put_results), also if it failed */
	CW_PLUGIN_CLEANUP, /* nothing (the challenges of the last PERFORM): nothing */
	CW_PLUGIN_NAMES,   /* nothing: list */
	CW_PLUGIN_INSTALL, /* (cw_wire_put_installation): whether it is deployed, whether enhanced,
			      whether a file was changed, bits of the enhancements that were not
			      needed; also if it failed */
	CW_PLUGIN_CHECK,   /* (cw_wire_put_installation): nothing */
	CW_PLUGIN_UPDATE, /* number, (cw_wire_put_installation) for each: an error for each, also if
			     it failed */
	CW_PLUGIN_RELOAD, /* nothing (tests the configuration, then reloads): nothing */
	CW_PLUGIN_UNDO,   /* data of an UNDO_PLUGIN: nothing */
	CW_PLUGIN_CLOSE,  /* nothing: nothing. Another OPEN may follow */
	/*
	 * Requests of the plugin process. Those for the network are passed on unchanged. Their
	 * fields, and those of their answers, are those of the message with the same name in
	 * acme/wire.h.
	 */
	CW_PLUGIN_ASK,         /* (cw_wire_put_question): (cw_wire_put_reply) */
	CW_PLUGIN_SET_OPTION,  /* option's name, key or none, value or none: nothing */
	CW_PLUGIN_LISTEN,      /* address, port: nothing, and a descriptor */
	CW_PLUGIN_UNLISTEN,    /* address, port: nothing */
	CW_PLUGIN_SHARED_PUT,  /* key, whether there is a value, value: nothing */
	CW_PLUGIN_SHARED_GET,  /* key: value */
	CW_PLUGIN_STATE_PUT,   /* lineage, key, whether there is a value, value: nothing */
	CW_PLUGIN_STATE_GET,   /* lineage, key: value */
	CW_PLUGIN_CREDENTIALS, /* path, whether to refuse a file that others can read: text */
	CW_PLUGIN_UNDO_PLUGIN, /* data: number. For a process that may not write its journal itself
				*/
	CW_PLUGIN_UNDO_DONE,   /* number: nothing */
	CW_PLUGIN_HTTP,
	CW_PLUGIN_LOCATE,
	CW_PLUGIN_WAIT_TXT,
	CW_PLUGIN_DNS_EXCHANGE,
	CW_PLUGIN_POINT, /* function of the plugin, service or none (cw_services.point): nothing.
			    Only if the settings say so */
	/* Notices of the plugin process. */
	CW_PLUGIN_LOG,    /* enum cw_log_level, text */
	CW_PLUGIN_SECRET, /* text */
	CW_PLUGIN_CALL,   /* the function of the plugin that is called; none: it has returned */
	CW_PLUGIN_BEAT    /* nothing: the process still works on its call */
};

/* Limits that both sides enforce. */
enum {
	CW_PLUGIN_OPTIONS_MAX = 256,
	CW_PLUGIN_CHOICES_MAX = 1000, /* of one option */
	CW_PLUGIN_TYPES_MAX = 16,     /* of challenges, for one identifier */
	CW_PLUGIN_ENHANCEMENTS_MAX = 64,
	CW_PLUGIN_CHALLENGES_MAX = 10000, /* of one batch */
	CW_PLUGIN_UPDATES_MAX = 5000,     /* lineages of one UPDATE */
	CW_PLUGIN_KEY_MAX = 255,          /* bytes of a shared store's key */
	CW_PLUGIN_VALUE_MAX = 64 * 1024,  /* bytes of its value */
	CW_PLUGIN_CREDENTIALS_MAX = 1024 * 1024,
	CW_PLUGIN_UNDO_MAX = 1024 * 1024, /* bytes of what a plugin is to undo */
	CW_PLUGIN_UNDOS_MAX = 10000       /* of one process in total */
};

/* A plugin's description of itself. The caller owns what is read, even if the message is
 * invalid. */
void cw_wire_put_description(struct cw_message *message, const struct cw_plugin_description *about);
struct cw_plugin_description *cw_wire_get_description(struct cw_message *message);

/* The arguments for opening an instance, as the plugin process receives them. */
struct cw_plugin_settings {
	struct cw_directories directories;
	bool interactive;
	bool only_open;          /* do not prepare */
	int64_t lock_timeout;    /* milliseconds, for the exclusive directory */
	bool strict_permissions; /* of the credentials that it reads (base/permissions.h) */
	/* For an instance that needs fewer rights than the user's (enum cw_rights). */
	char *user; /* the user to become if we are root; NULL: stay */
	bool require_sandbox, without_landlock, without_seccomp;
	bool points; /* send CW_PLUGIN_POINT */
	/* The plugin's options, and as text the settings that host->setting() knows. */
	struct cw_option_set *options;
	struct cw_settings *values;
	struct cw_option **known; /* options made for those settings */
	size_t known_count;
};
/* Writes the settings, and the values of MODULE's options in VALUES, each with its source. */
void cw_wire_put_settings(struct cw_message *message, const struct cw_module *module,
			  const struct cw_settings *values,
			  const struct cw_plugin_settings *others);
/* MODULE must be open and must outlive SETTINGS. */
void cw_wire_get_settings(struct cw_message *message, struct cw_module *module,
			  struct cw_plugin_settings *settings);
void cw_plugin_settings_clear(struct cw_plugin_settings *settings);

/* The challenges of a batch, as the plugin process owns them. */
struct cw_plugin_challenges {
	struct cw_challenge_slot **slots;
	size_t count;
	struct cw_strv texts;
	struct cw_strv *identifiers; /* for each certificate */
	size_t identifiers_count;
};
void cw_wire_put_challenges(struct cw_message *message, struct cw_challenge_slot *const *slots,
			    size_t count);
void cw_wire_get_challenges(struct cw_message *message, struct cw_plugin_challenges *challenges);
void cw_plugin_challenges_clear(struct cw_plugin_challenges *challenges);
/* The errors of all slots that were sent. A slot's result is the status of its error. */
void cw_wire_put_results(struct cw_message *message, struct cw_challenge_slot *const *slots,
			 size_t count);
void cw_wire_get_results(struct cw_message *message, struct cw_challenge_slot *const *slots,
			 size_t count);

/* Reading fills INSTALLATION, which must be zeroed. Its settings are not sent. */
void cw_wire_put_installation(struct cw_message *message,
			      const struct cw_installation *installation);
void cw_wire_get_installation(struct cw_message *message, struct cw_installation *installation);

/* A question to the user, and the reply. */
enum cw_question_kind {
	CW_QUESTION_NOTIFY, /* flag: wait for the Enter key */
	CW_QUESTION_YES_NO, /* flag: the default */
	CW_QUESTION_TEXT,   /* flag: secret */
	CW_QUESTION_CHOICE  /* one of the items; there is at least one */
};
struct cw_plugin_question {
	enum cw_question_kind kind;
	char *text;
	bool flag;
	struct cw_strv items;
};
void cw_plugin_question_clear(struct cw_plugin_question *question);
void cw_wire_put_question(struct cw_message *message, const struct cw_plugin_question *question);
void cw_wire_get_question(struct cw_message *message, struct cw_plugin_question *question);

struct cw_plugin_reply {
	bool yes;
	char *text; /* NULL: none */
	size_t choice;
};
void cw_plugin_reply_clear(struct cw_plugin_reply *reply);
void cw_wire_put_reply(struct cw_message *message, const struct cw_plugin_reply *reply);
/* A choice that is not one of the question's items makes the message invalid. */
void cw_wire_get_reply(struct cw_message *message, const struct cw_plugin_question *question,
		       struct cw_plugin_reply *reply);

#endif
