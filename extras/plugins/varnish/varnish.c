/*
 * varnish: has the cache Varnish answer http-01 challenges. The active VCL sends requests for
 * challenges to a VCL by its label. For each batch the plugin compiles one with the answers and
 * points the label at it, so Varnish goes on with its own VCL, its cache and its connections.
 * certwright-varnish(8) has the lines that this needs.
 */
#include <certwright/plugin.h>
#include <stdlib.h>
#include "admin.h"
#include "text.h"

enum { NAME_SIZE = 64, TOKEN_SHOWN = 40 };

struct varnish {
	const struct cw_host *host;
	char name[NAME_SIZE]; /* of the VCL with the answers */
	char *target;         /* what the label stood for before; NULL: nothing is to be undone */
	unsigned undo;
};

static int
varnish_open(const struct cw_host *host, void **self)
{
	struct varnish *varnish = calloc(1, sizeof(*varnish));

	if (varnish == NULL)
		return cw_host_fail(host, CW_E_NOMEM, NULL, "out of memory");
	varnish->host = host;
	*self = varnish;
	return CW_OK;
}

static void
varnish_close(void *self)
{
	struct varnish *varnish = self;

	cw_host_release(varnish->host, varnish->target);
	free(varnish);
}

/* A label stands for one VCL, so one process at a time may change it. */
static const char *
varnish_directory(void *self)
{
	return cw_host_option(((struct varnish *)self)->host, "config-dir");
}

static const char *const *
varnish_types(void *self, const char *identifier_type, const char *identifier)
{
	static const char *const http[] = {"http-01", NULL};

	(void)self;
	(void)identifier_type;
	(void)identifier;
	return http;
}

static int
add(const struct cw_host *host, struct text *text, const char *const *parts)
{
	int status = CW_OK;

	for (; status == CW_OK && *parts != NULL; parts++)
		status = text_add(host, text, *parts, strlen(*parts));
	return status;
}

/* The VCL as a string of the command line of Varnish. What comes from the CA has no character that
 * needs quoting: paths and answers are of base64url and '.', '/'. */
static int
compose(const struct cw_host *host, struct text *vcl, struct cw_challenge *const *challenges,
	size_t count)
{
	static const char *const begin[] = {
		"\"vcl 4.1; backend none none; sub vcl_recv { return (synth(404)); } "
		"sub vcl_synth { set resp.http.Content-Type = \\\"text/plain\\\"; "
		"set resp.body = \\\"\\\"; ",
		NULL};
	static const char *const end[] = {"return (deliver); }\"", NULL};
	int status = add(host, vcl, begin);

	for (size_t i = 0; status == CW_OK && i < count; i++) {
		const char *const one[] = {"if (req.url == \\\"",
					   challenges[i]->location,
					   "\\\") { set resp.status = 200; set resp.body = \\\"",
					   challenges[i]->validation,
					   "\\\"; } ",
					   NULL};

		status = add(host, vcl, one);
	}
	return status == CW_OK ? add(host, vcl, end) : status;
}

/* Points the label at TARGET again, and removes the VCL NAME if Varnish has it. */
static int
put_back(const struct cw_host *host, const char *name, const char *target)
{
	int found = 0, status = admin_has(host, name, &found);

	if (status == CW_OK && found) {
		status = admin_do(host, "vcl.label", cw_host_option(host, "label"), target);
		if (status == CW_OK)
			status = admin_do(host, "vcl.discard", name, NULL);
	}
	return status;
}

/* Has put_back() called if this process dies. */
static int
register_undo(struct varnish *varnish)
{
	struct text data = {NULL, 0};
	const char *const parts[] = {varnish->name, "\n", varnish->target, NULL};
	int status = add(varnish->host, &data, parts);

	if (status == CW_OK)
		status = cw_host_undo_plugin(varnish->host, data.data, &varnish->undo);
	text_free(&data);
	return status;
}

static int
varnish_perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct varnish *varnish = self;
	const struct cw_host *host = varnish->host;
	struct text vcl = {NULL, 0};
	char *target = NULL;
	int status = admin_find_label(host, &target);

	if (status != CW_OK)
		return status;
	varnish->target = target;
	snprintf(varnish->name, sizeof(varnish->name), "certwright-%.*s", TOKEN_SHOWN,
		 challenges[0]->token);
	status = register_undo(varnish);
	if (status != CW_OK) {
		cw_host_release(host, varnish->target);
		varnish->target = NULL;
		return status;
	}
	status = compose(host, &vcl, challenges, count);
	if (status == CW_OK)
		status = admin_do(host, "vcl.inline", varnish->name, vcl.data);
	if (status == CW_OK)
		status = admin_do(host, "vcl.label", cw_host_option(host, "label"), varnish->name);
	text_free(&vcl);
	return status;
}

static int
varnish_cleanup(void *self, struct cw_challenge *const *challenges, size_t count)
{
	struct varnish *varnish = self;
	const struct cw_host *host = varnish->host;
	int status;

	(void)challenges;
	(void)count;
	if (varnish->target == NULL)
		return CW_OK;
	status = put_back(host, varnish->name, varnish->target);
	/* If it failed, the next run tries once more. */
	if (status == CW_OK)
		host->undo_done(host, varnish->undo);
	cw_host_release(host, varnish->target);
	varnish->target = NULL;
	return status;
}

/* DATA: of register_undo(). */
static int
varnish_undo(void *self, const char *data)
{
	const struct cw_host *host = ((struct varnish *)self)->host;
	const char *target = strchr(data, '\n');
	char name[NAME_SIZE];

	if (target == NULL)
		return cw_host_fail(host, CW_E_INVALID, NULL,
				    "the record of what to undo is damaged");
	snprintf(name, sizeof(name), "%.*s", (int)(target - data), data);
	return put_back(host, name, target + 1);
}

static const struct cw_plugin_option name_option = {
	.size = sizeof(name_option),
	.name = "name",
	.kind = CW_OPTION_STRING,
	.help = "The name of the Varnish instance, as in varnishd -n. The default is that of "
		"varnishadm.",
};

static const struct cw_plugin_option label_option = {
	.size = sizeof(label_option),
	.name = "label",
	.kind = CW_OPTION_STRING,
	.default_value = "acme",
	.help = "The label to which the active VCL sends requests for challenges.",
};

static const struct cw_plugin_option config_dir_option = {
	.size = sizeof(config_dir_option),
	.name = "config-dir",
	.kind = CW_OPTION_PATH,
	.default_value = "/etc/varnish",
	.help = "The folder of Varnish's configuration. It is locked, so that only one run at a "
		"time "
		"changes the label.",
};

static const struct cw_plugin_option *const options[] = {&name_option, &label_option,
							 &config_dir_option, NULL};

static const struct cw_authenticator authenticator = {
	.size = sizeof(authenticator),
	.challenge_types = varnish_types,
	.perform = varnish_perform,
	.cleanup = varnish_cleanup,
};

static const struct cw_plugin plugin = {
	.size = sizeof(plugin),
	.abi_major = CW_ABI_MAJOR,
	.abi_minor = CW_ABI_MINOR,
	.name = "varnish",
	.version = "1.0",
	.description = "The cache Varnish",
	.help = "Has a running Varnish answer http-01 challenges, without a restart.",
	.options = options,
	.open = varnish_open,
	.close = varnish_close,
	.exclusive_directory = varnish_directory,
	.authenticator = &authenticator,
	.undo = varnish_undo,
};

CW_EXPORT const struct cw_plugin *
cw_plugin_entry(void)
{
	return &plugin;
}
