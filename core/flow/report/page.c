#include "flow/report/page.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "flow/kit/template.h"
#include "flow/report/describe.h"
#include "flow/report/health.h"
#include "flow/report/page_certificate.h"
#include "flow/report/page_text.h"
#include "flow/report/state.h"
#include "flow/report/words.h"

/* Of the icon, by enum cw_health. */
static const char *const icon_colours[] = {"2c6a46", "c07a00", "c0392b"};

/* What a policy calls the digest of an inline style or script. */
static char *
digest(const char *text)
{
	unsigned char bytes[CW_SHA256_LENGTH];
	cw_autofree char *base64 = NULL;

	cw_sha256(text, strlen(text), bytes);
	base64 = cw_base64url(bytes, sizeof(bytes));
	/* The other alphabet, and the padding that 32 bytes need. */
	cw_replace_char(cw_replace_char(base64, '-', '+'), '_', '/');
	return cw_format("'sha256-%s='", base64);
}

char *
cw_page_policy(bool for_header)
{
	cw_autofree char *style = digest(cw_page_css);
	cw_autofree char *script = digest(cw_page_js);

	return cw_format("default-src 'none'; style-src %s; script-src %s; img-src data:; "
			 "base-uri 'none'; form-action 'none'%s",
			 style, script, for_header ? "; frame-ancestors 'none'" : "");
}

/* "12 certificates; <strong>1 needs attention</strong>" */
static char *
make_summary(struct json_object *status)
{
	cw_autofree char *headline = cw_health_headline(status);
	cw_autofree char *escaped = cw_page_escape(headline);
	char *rest = strstr(escaped, "; ");

	if (rest == NULL)
		return cw_take(&escaped);
	*rest = '\0';
	return cw_format("%s; <strong>%s</strong>", escaped, rest + strlen("; "));
}

static char *
make_about(struct json_object *status)
{
	struct json_object *agent = cw_json_object(status, "agent");
	cw_autofree char *folder = cw_json_prose(status, "config_dir");
	cw_autofree char *escaped = cw_page_escape(folder != NULL ? folder : "");
	cw_autofree char *now = cw_page_time(status, "time");
	cw_autofree char *since = cw_page_time(agent, "since");

	if (since == NULL)
		return cw_format("%s, from the files in %s", now, escaped);
	return cw_format("%s. The agent has been running since %s.", now, since);
}

static void
add_section(struct cw_buf *out, const char *title, struct json_object *const *order, size_t count,
	    int64_t now)
{
	if (count == 0)
		return;
	cw_buf_addf(out, "<section class=\"list\">\n<h2>%s</h2>\n<ol>\n", title);
	for (size_t i = 0; i < count; i++)
		cw_page_add_certificate(order[i], now, out);
	cw_buf_add_text(out, "</ol>\n</section>\n");
}

static void
add_server(struct json_object *server, struct cw_buf *out)
{
	cw_autofree char *url = cw_json_prose(server, "server");
	cw_autofree char *escaped = cw_page_escape(url != NULL ? url : "");

	cw_buf_addf(out,
		    "<tr><td>%s</td><td class=\"number\">%" PRId64
		    "</td><td class=\"number\">%" PRId64 "</td></tr>\n",
		    escaped, cw_json_int(server, "requests", 0),
		    cw_json_int(server, "failures", 0));
}

/* What the agent has asked of CAs. */
static void
add_servers(struct json_object *status, struct cw_buf *out)
{
	struct json_object *servers = cw_json_array(status, "servers");
	size_t count = servers != NULL ? json_object_array_length(servers) : 0;

	if (count == 0)
		return;
	cw_buf_add_text(out,
			"<section>\n<h2>Certificate authorities</h2>\n<table class=\"cas\">\n"
			"<thead><tr><th scope=\"col\">Server</th>"
			"<th scope=\"col\" class=\"number\">Requests</th>"
			"<th scope=\"col\" class=\"number\">Failed</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < count; i++)
		add_server(json_object_array_get_idx(servers, i), out);
	cw_buf_add_text(out, "</tbody>\n</table>\n</section>\n");
}

static char *
make_sections(struct json_object *status)
{
	cw_auto_buf struct cw_buf out = {0};
	size_t count = 0, attention;
	cw_autofree struct json_object **order = cw_describe_order(status, &count);
	int64_t now = 0;

	cw_state_time(status, "time", &now);
	cw_health_count(status, &attention);
	if (count == 0)
		cw_buf_add_text(&out,
				"<p class=\"empty\">There is no certificate yet. To obtain one: "
				"<code>certwright certonly -d example.org</code></p>\n");
	add_section(&out, "Needs attention", order, attention, now);
	add_section(&out, attention > 0 ? "In order" : "Certificates", order + attention,
		    count - attention, now);
	add_servers(status, &out);
	return cw_buf_take(&out);
}

void
cw_page_write(struct json_object *status, bool with_policy, struct cw_buf *out)
{
	enum cw_health health = cw_health_read(cw_json_object(status, "summary"));
	cw_autofree char *headline = cw_health_headline(status);
	cw_autofree char *policy = cw_page_policy(false);
	cw_autofree char *summary = make_summary(status);
	cw_autofree char *about = make_about(status);
	cw_autofree char *program = cw_json_prose(status, "program");
	cw_autofree char *footer = cw_page_escape(program != NULL ? program : "");
	cw_autofree char *sections = make_sections(status);
	const struct cw_template_word words[] = {
		{"HEADLINE", headline}, {"POLICY", policy},     {"ICON", icon_colours[health]},
		{"STYLE", cw_page_css}, {"SCRIPT", cw_page_js}, {"HEALTH", cw_health_name(health)},
		{"SUMMARY", summary},   {"ABOUT", about},       {"FOOTER", footer},
		{"SECTIONS", sections}, {NULL, NULL},
	};
	struct cw_template_values values = {.words = words};
	size_t attention;

	if (with_policy)
		cw_strv_add(&values.conditions, "policy");
	if (cw_health_count(status, &attention) > 0)
		cw_strv_add(&values.conditions, "legend");
	cw_template_expand(cw_page_html, "page.html", &values, out, NULL);
	cw_strv_clear(&values.conditions);
}
