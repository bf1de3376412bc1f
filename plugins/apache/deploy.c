/* Carries out a plan: adds certificates to virtual hosts, and adds virtual hosts. */
#include <stdlib.h>
#include <string.h>
#include "../common/policy_file.h"
#include "choose.h"
#include "copy.h"
#include "edit.h"
#include "modules.h"
#include "pair.h"
#include "plan.h"
#include "port.h"
#include "split.h"

static const char options_text[] =
	"# TLS parameters of the virtual hosts that certwright makes for Apache. The file is\n"
	"# kept up to date as long as it is not edited.\n"
	"\n"
	"SSLEngine on\n"
	"SSLProtocol -all +TLSv1.2 +TLSv1.3\n"
	"SSLCipherSuite ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
	"DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305\n"
	"SSLHonorCipherOrder off\n"
	"SSLSessionTickets off\n";

/* Of the files that Certbot 2.1 installs. */
static const char *const known_digests[] = {
	"61466bc2f98a623c02be8a5ee916ead1655b0ce883bdc936692076ea499ff5ce",
	"3fd812e3e87fe5c645d3682a511b2a06c8286f19594f28e280f17cd6af1301b5", NULL};

static const struct policy_file options_file = {"options-ssl-apache.conf", options_text,
						known_digests};

/* The lines with which Apache listens for https where the plain host takes requests. */
static int
find_listens_for(const struct apache *apache, const struct host *host, struct text *lines)
{
	const struct model *model = &apache->model;
	int status = CW_OK;

	for (size_t i = 0; i < host->address_count && status == CW_OK; i++) {
		const struct address *at = &host->addresses[i];
		bool all = strcmp(at->host, "*") == 0;

		if (at->port != apache->http_port && at->port != 0)
			continue;
		if (!all)
			status = port_listen_at(model, at->host, apache->https_port, true, lines);
		for (size_t j = 0; all && j < model->listen_count && status == CW_OK; j++) {
			const struct address *plain = &model->listens[j].address;

			if (plain->port == apache->http_port && strcmp(plain->host, "*") != 0)
				status = port_listen_at(model, plain->host, apache->https_port,
							false, lines);
		}
	}
	return status;
}

/* Those with which it listens for the copies. */
static int
find_listens(const struct apache *apache, const struct plan *plan, struct text *lines)
{
	int status =
		port_listen(&apache->model, apache->https_port, apache->http_port, true, lines);

	if (lines->length > 0)
		return status;
	for (size_t i = 0; i < plan->count && status == CW_OK; i++)
		status = find_listens_for(apache, &apache->model.hosts[plan->orders[i]], lines);
	return status;
}

/* Has Apache listen on the https port, in the file with its other ports. */
static int
listen_on_https(struct apache *apache, const struct plan *plan)
{
	const struct directive *top = &apache->model.config.top;
	struct file *file = apache->model.config.main;
	auto_text struct text listen = {0}, lines = {0};
	struct edits edits = {0};
	int status = find_listens(apache, plan, &listen);

	if (status != CW_OK || listen.data == NULL)
		return status;
	for (const struct directive *at = top->first_child; at != NULL; at = at->next)
		if (directive_is(at, "Listen")) {
			file = at->file;
			break;
		}
	text_add_string(&lines, "<IfModule mod_ssl.c>\n");
	for (const char *line = listen.data; *line != '\0'; line += strcspn(line, "\n") + 1)
		text_format(&lines, "\t%.*s\n", (int)strcspn(line, "\n"), line);
	text_add_string(&lines, "</IfModule>\n");
	edits_end_file(&edits, file, lines.data);
	edits_apply(&edits);
	return model_rebuild(&apache->model);
}

/* Gives the name hosts of its own where the present ones keep their certificate, and makes the plan
 * of these. */
static int
split_hosts(struct apache *apache, const struct wish *wish, struct plan *plan)
{
	size_t left = plan->copies ? 0 : plan->count;

	for (size_t i = 0; i < left;) {
		int status;

		if (!split_is_needed(apache, wish, &apache->model.hosts[plan->orders[i]])) {
			i++;
			continue;
		}
		status = split_host(apache, plan->orders[i], wish->name);
		plan_clear(plan);
		if (status != CW_OK)
			return status;
		plan_find(apache, wish->name, true, plan);
		left = plan->count;
		i = 0;
	}
	return CW_OK;
}

/* LINES are the directives of new hosts. */
static int
carry_out(struct apache *apache, const struct wish *wish, const struct plan *plan,
	  const char *lines)
{
	int status = CW_OK;

	for (size_t i = 0; i < plan->count && status == CW_OK; i++) {
		/* The model was made again, but both kinds of hosts keep their order. */
		struct plan now;

		plan_find(apache, wish->name, !plan->copies, &now);
		if (!wish->check)
			status = choose_among(apache, wish->name, CHOICE_CERTIFICATE, &now);
		if (status == CW_OK && i < now.count)
			status = plan->copies ? copy_host(apache, now.orders[i], wish->name, lines)
					      : pair_set(apache, now.orders[i], wish);
		plan_clear(&now);
	}
	return status;
}

/* Whether Apache speaks TLS where the copies are. */
static int
check_copies(struct apache *apache, const struct wish *wish)
{
	struct plan copies;
	int status = CW_OK;

	plan_find(apache, wish->name, true, &copies);
	for (size_t i = 0; i < copies.count && status == CW_OK; i++)
		status = copy_check_port(apache, &apache->model.hosts[copies.orders[i]]);
	plan_clear(&copies);
	return status;
}

static int
deploy(struct apache *apache, const struct wish *wish)
{
	autofree char *options = NULL;
	struct plan plan = {0};
	int status = modules_enable(apache, "ssl");

	if (status == CW_OK)
		status = plan_make(apache, wish, &plan);
	if (status == CW_OK && plan.copies) {
		status = policy_file_install(apache->host, &options_file, &options);
		if (status == CW_OK)
			status = listen_on_https(apache, &plan);
	}
	if (status == CW_OK)
		status = split_hosts(apache, wish, &plan);
	if (status == CW_OK) {
		autofree char *lines = pair_lines(apache, wish, options != NULL ? options : "");

		status = carry_out(apache, wish, &plan, lines);
	}
	if (status == CW_OK && plan.copies)
		status = check_copies(apache, wish);
	plan_clear(&plan);
	return status;
}

static bool
plain_host_has_https_port(const struct apache *apache)
{
	for (size_t i = 0; i < apache->model.host_count; i++) {
		const struct host *host = &apache->model.hosts[i];

		for (size_t j = 0; j < host->address_count && !host->tls; j++)
			if (host->addresses[j].port == apache->https_port)
				return true;
	}
	return false;
}

/* Copies the wish's hosts in memory. */
static int
copy_in_memory(struct apache *apache, const struct wish *wish)
{
	struct plan plan = {0};
	int status = plan_make(apache, wish, &plan);

	if (status == CW_OK && plan.copies)
		status = carry_out(apache, wish, &plan, "SSLEngine on\n");
	plan_clear(&plan);
	return status;
}

/* Whether Apache will speak TLS where the copies will be. That depends on where it reads them, and
 * on the copies of the names BEFORE this one, so they are made, in memory alone. The check of the
 * last name has made most of them. */
static int
try_copies(struct apache *apache, const struct wish *wish, const char *const *before, size_t count)
{
	struct wish earlier = *wish;
	int status = CW_OK;

	for (; apache->tried < count && status == CW_OK; apache->tried++) {
		earlier.name = before[apache->tried];
		status = copy_in_memory(apache, &earlier);
	}
	if (status == CW_OK)
		status = copy_in_memory(apache, wish);
	apache->tried++;
	return status == CW_OK ? check_copies(apache, wish) : status;
}

/* Says what deploy() would say, as far as nothing has to be asked. BEFORE, COUNT of them, are the
 * names that will be deployed before. */
static int
check(struct apache *apache, const struct wish *wish, const char *const *before, size_t count)
{
	struct config *config = &apache->model.config;
	struct plan plan = {0};
	int status = modules_check(apache, "ssl");

	if (status == CW_OK && !config_has_module(config, "ssl_module")) {
		config->assumed = "ssl_module";
		status = model_rebuild(&apache->model);
	}
	if (status == CW_OK)
		status = plan_make(apache, wish, &plan);
	if (status == CW_OK && plan.copies) {
		auto_text struct text lines = {0};

		status = find_listens(apache, &plan, &lines);
	}
	if (status == CW_OK && plan.copies && plain_host_has_https_port(apache) &&
	    !(*wish->name == '*' && apache->host->interactive(apache->host)))
		status = try_copies(apache, wish, before, count);
	plan_clear(&plan);
	apache->supposed = config->assumed != NULL || files_changed(&config->files);
	if (apache->supposed)
		apache->web.loaded = false;
	return status;
}

/* How many of the names to deploy come before NAME. */
static size_t
count_before(const struct cw_deployment *deployment, const char *name)
{
	size_t count = 0;

	if (!CW_HAS(deployment, struct cw_deployment, hosts_count))
		return 0;
	while (count < deployment->hosts_count && strcasecmp(deployment->hosts[count], name) != 0)
		count++;
	return count;
}

int
apache_deploy(void *self, const struct deploying *deploying)
{
	struct apache *apache = self;
	const struct cw_deployment *deployment = deploying->deployment;
	const struct wish wish = {.name = deploying->name,
				  .certificate = deployment->fullchain_path != NULL
							 ? deployment->fullchain_path
							 : deployment->cert_path,
				  .key = deployment->key_path,
				  .chain = deployment->chain_path,
				  .leaf = deployment->cert_path,
				  .names = deploying->names,
				  .name_count = deploying->name_count,
				  .check = deploying->check};
	size_t before = count_before(deployment, wish.name);
	/* The check of one more name goes on with what that of the last one has in memory. */
	bool goes_on = wish.check && apache->supposed && before > 0 && before >= apache->tried;
	int status = goes_on ? CW_OK : install_load(apache);

	if (status != CW_OK)
		return status;
	return wish.check ? check(apache, &wish, deployment->hosts, before) : deploy(apache, &wish);
}
