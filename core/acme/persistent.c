#include "acme/persistent.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/clock.h"
#include "base/printable.h"
#include "base/text.h"
#include "crypto/digest.h"

enum { NAME_MAX_LENGTH = 253, LABEL_MAX = 63, LABEL_BYTES = 10 };

static const char name_characters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

bool
cw_acme_issuer_ok(const char *name)
{
	size_t length = strlen(name), label;

	if (length == 0 || length > NAME_MAX_LENGTH)
		return false;
	for (const char *at = name;; at += label + 1) {
		label = strspn(at, name_characters);
		if (label == 0 || label > LABEL_MAX || (at[label] != '.' && at[label] != '\0'))
			return false;
		if (at[label] == '\0')
			return true;
	}
}

char *
cw_acme_persistent_name(const char *name)
{
	return cw_format(CW_ACME_PERSISTENT_LABEL ".%s", name);
}

char *
cw_acme_persistent_text(const char *issuer, const char *account_url, bool wildcard)
{
	return cw_format("%s; accounturi=%s%s", issuer, account_url,
			 wildcard ? "; policy=wildcard" : "");
}

/* What is wrong with a record, the worst last. */
enum flaw { FLAW_NONE, FLAW_EXPIRED, FLAW_POLICY, FLAW_ACCOUNT, FLAW_MALFORMED, FLAW_ISSUER };

/* PART of a text between ";": "TAG = VALUE". Cuts it into its two words in place. */
static bool
cut_parameter(char *part, char **tag, char **value)
{
	char *equals = strchr(part, '=');

	if (equals == NULL)
		return false;
	*equals = '\0';
	*tag = cw_trim(part);
	*value = cw_trim(equals + 1);
	for (const char *at = *value; *at != '\0'; at++)
		if (*at < '!' || *at > '~')
			return false;
	cw_lower(*tag);
	return isalnum((unsigned char)**tag) && strspn(*tag, name_characters) == strlen(*tag);
}

/* Takes one parameter; false if it is malformed. SEEN has the tags so far. */
static bool
take_parameter(char *part, struct cw_strv *seen, struct cw_acme_issue *issue)
{
	char *tag, *value;

	if (!cut_parameter(part, &tag, &value) || !cw_strv_add_unique(seen, tag))
		return false;
	if (strcmp(tag, "accounturi") == 0)
		issue->account_url = value;
	else if (strcmp(tag, "policy") == 0)
		issue->policy = value;
	else if (strcmp(tag, "persistuntil") == 0)
		issue->until = value;
	else if (strcmp(tag, "validationmethods") == 0)
		issue->methods = value;
	return true;
}

static bool
take_parameters(char *rest, struct cw_acme_issue *issue)
{
	cw_auto_strv struct cw_strv seen = {0};
	char *part;
	bool good = true;

	/* "issuer;" has none. */
	if (rest == NULL || *cw_trim(rest) == '\0')
		return true;
	while (good && (part = strsep(&rest, ";")) != NULL)
		good = take_parameter(part, &seen, issue);
	return good;
}

bool
cw_acme_issue_parse(char *text, struct cw_acme_issue *issue)
{
	size_t length;

	*issue = (struct cw_acme_issue){.issuer = cw_lower(cw_trim(strsep(&text, ";")))};
	length = strlen(issue->issuer);
	if (length > 0 && issue->issuer[length - 1] == '.')
		issue->issuer[length - 1] = '\0';
	return take_parameters(text, issue);
}

static enum flaw
judge(const struct cw_acme_persistent *wanted, const struct cw_acme_issue *issue)
{
	uint64_t until = UINT64_MAX;

	if (issue->until != NULL && !cw_parse_uint(issue->until, INT64_MAX, &until))
		return FLAW_MALFORMED;
	if (issue->account_url == NULL || strcmp(issue->account_url, wanted->account_url) != 0)
		return FLAW_ACCOUNT;
	if (wanted->wildcard &&
	    (issue->policy == NULL || !cw_equal_nocase(issue->policy, "wildcard")))
		return FLAW_POLICY;
	return (int64_t)until < wanted->now && until <= INT64_MAX ? FLAW_EXPIRED : FLAW_NONE;
}

/* In words. VALUE is what the record has instead, or NULL. */
static char *
describe(enum flaw flaw, const char *value)
{
	cw_autofree char *shown = value != NULL ? cw_printable(value, false) : NULL;
	uint64_t seconds = 0;

	switch (flaw) {
	case FLAW_EXPIRED:
		cw_parse_uint(value, INT64_MAX, &seconds);
		free(cw_take(&shown));
		shown = cw_format_utc((int64_t)seconds);
		return cw_format("expired at %s", shown);
	case FLAW_POLICY: return cw_strdup("does not have \"policy=wildcard\"");
	case FLAW_ACCOUNT:
		return shown != NULL ? cw_format("is for another account, \"%s\"", shown)
				     : cw_strdup("names no account (accounturi)");
	case FLAW_ISSUER: return cw_format("is for another CA, \"%s\"", shown);
	default: return cw_strdup("is malformed");
	}
}

static enum flaw
examine(const struct cw_acme_persistent *wanted, const char *text, char **why)
{
	cw_autofree char *copy = cw_strdup(text);
	struct cw_acme_issue issue;
	bool good = cw_acme_issue_parse(copy, &issue);
	const char *value = issue.issuer;
	enum flaw flaw = FLAW_ISSUER;

	if (cw_strv_contains(wanted->issuers, issue.issuer)) {
		flaw = good ? judge(wanted, &issue) : FLAW_MALFORMED;
		value = flaw == FLAW_EXPIRED ? issue.until : issue.account_url;
	}
	*why = flaw == FLAW_NONE ? NULL : describe(flaw, value);
	return flaw;
}

bool
cw_acme_persistent_find(const struct cw_acme_persistent *wanted, const struct cw_strv *texts,
			char **why)
{
	enum flaw least = FLAW_ISSUER + 1;

	*why = NULL;
	for (size_t i = 0; i < texts->count && least != FLAW_NONE; i++) {
		char *reason = NULL;
		enum flaw flaw = examine(wanted, texts->items[i], &reason);

		if (flaw < least) {
			least = flaw;
			free(*why);
			*why = cw_take(&reason);
		}
		free(reason);
	}
	return least == FLAW_NONE;
}

/* RFC 4648 section 6 in lower case, for a number of bytes that needs no padding. */
static char *
base32(const unsigned char *bytes, size_t length)
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	cw_auto_buf struct cw_buf text = {0};
	unsigned bits = 0, held = 0;

	for (size_t i = 0; i < length; i++) {
		held = held << 8 | bytes[i];
		for (bits += 8; bits >= 5; bits -= 5)
			cw_buf_addf(&text, "%c", digits[held >> (bits - 5) & 31]);
	}
	return cw_buf_take(&text);
}

char *
cw_acme_account_record(const char *account_url, const char *name)
{
	unsigned char digest[CW_SHA256_LENGTH];
	cw_autofree char *label = NULL;

	cw_sha256(account_url, strlen(account_url), digest);
	label = base32(digest, LABEL_BYTES);
	return cw_format("_%s._acme-challenge.%s", label, name);
}
