#include "flow/moving/tar.h"
#include <stdlib.h>
#include <string.h>
#include "base/text.h"

#define LINKS_MAX 16
enum { BLOCK = 512 };

/* What of a header is read (POSIX.1-2017, pax, "ustar Interchange Format"). */
enum { NAME = 0, NAME_SIZE = 100, SIZE = 124, SIZE_SIZE = 12, CHECKSUM = 148, CHECKSUM_SIZE = 8 };
enum { TYPE = 156, LINK = 157, LINK_SIZE = 100, MAGIC = 257, PREFIX = 345, PREFIX_SIZE = 155 };

struct member {
	char *path;
	char *link; /* a symbolic link's target; NULL: not a link */
	struct cw_buf contents;
};

struct cw_tar {
	struct member *members;
	size_t count;
};

void
cw_tar_free(struct cw_tar *tar)
{
	if (tar == NULL)
		return;
	for (size_t i = 0; i < tar->count; i++) {
		free(tar->members[i].path);
		free(tar->members[i].link);
		cw_buf_wipe(&tar->members[i].contents);
	}
	free(tar->members);
	free(tar);
}

void
cw_tar_cleanup(struct cw_tar **tar)
{
	cw_tar_free(*tar);
}

/* An archive while it is read. */
struct reader {
	const char *what;
	const char *at;
	size_t left;
	struct cw_tar *tar;
	char *long_path, *long_link; /* for the next member */
};

static int
fail_damaged(const struct reader *reader, struct cw_error *error)
{
	return cw_fail(error, CW_E_INVALID, "\"%s\" is not a tar archive, or it is damaged",
		       reader->what);
}

static int
refuse(const struct reader *reader, const char *path, const char *why, struct cw_error *error)
{
	cw_fail(error, CW_E_INVALID, "refusing \"%s\": \"%s\" in it %s", reader->what, path, why);
	cw_hint(error, "make the archive with: tar -C /etc -czf FILE letsencrypt");
	return CW_E_INVALID;
}

static bool
parse_octal(const char *field, size_t size, size_t *value)
{
	size_t number = 0, i = 0;

	while (i < size && field[i] == ' ')
		i++;
	for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
		number = number * 8 + (size_t)(field[i] - '0');
	*value = number;
	return i == size || field[i] == ' ' || field[i] == '\0';
}

static bool
has_checksum(const char *header)
{
	size_t wanted, sum = 0;

	if (!parse_octal(header + CHECKSUM, CHECKSUM_SIZE, &wanted))
		return false;
	for (size_t i = 0; i < BLOCK; i++)
		sum += i >= CHECKSUM && i < CHECKSUM + CHECKSUM_SIZE ? (size_t)' '
								     : (unsigned char)header[i];
	return sum == wanted;
}

static char *
field_text(const char *field, size_t size)
{
	return cw_memdup(field, strnlen(field, size));
}

/* Joins PATH to FOLDER (may be ""), "." and ".." taken out; NULL if that leads out. */
static char *
resolve(const char *folder, const char *path)
{
	cw_auto_strv struct cw_strv parts = {0};
	cw_auto_strv struct cw_strv kept = {0};

	cw_strv_split(&parts, folder, '/');
	cw_strv_split(&parts, path, '/');
	for (size_t i = 0; i < parts.count; i++) {
		if (strcmp(parts.items[i], "..") != 0) {
			if (strcmp(parts.items[i], ".") != 0)
				cw_strv_add(&kept, parts.items[i]);
		} else if (kept.count == 0) {
			return NULL;
		} else {
			cw_strv_remove(&kept, kept.count - 1);
		}
	}
	return cw_strv_join(&kept, "/");
}

static bool
has_parent_part(const char *path)
{
	cw_auto_strv struct cw_strv parts = {0};

	cw_strv_split(&parts, path, '/');
	return cw_strv_contains(&parts, "..");
}

static int
check_path(const struct reader *reader, const char *path, struct cw_error *error)
{
	if (*path == '/')
		return refuse(reader, path, "has an absolute path", error);
	if (has_parent_part(path))
		return refuse(reader, path, "has \"..\" in its path", error);
	return CW_OK;
}

static char *
folder_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? cw_memdup(path, (size_t)(slash - path)) : cw_strdup("");
}

static int
check_link(const struct reader *reader, const char *path, const char *target,
	   struct cw_error *error)
{
	cw_autofree char *folder = folder_part(path);
	cw_autofree char *resolved = *target != '/' ? resolve(folder, target) : NULL;

	return resolved != NULL ? CW_OK
				: refuse(reader, path, "is a link that leads out of it", error);
}

static void
add_member(struct reader *reader, const char *path, const char *link, const char *contents,
	   size_t length)
{
	struct cw_tar *tar = reader->tar;
	struct member *member;

	tar->members = cw_realloc(tar->members, tar->count + 1, sizeof(*tar->members));
	member = &tar->members[tar->count++];
	*member = (struct member){.path = resolve("", path), .link = cw_strdup(link)};
	cw_buf_add(&member->contents, contents, length);
}

/* A record "LENGTH KEY=VALUE\n" of a pax header. */
struct record {
	const char *key, *value;
	size_t key_length, value_length, size;
};

/* Reads the record that TEXT begins with; false: it is damaged. */
static bool
read_record(const char *text, size_t length, struct record *record)
{
	size_t size = 0, digits = 0;
	const char *equals;

	for (; digits < length && text[digits] >= '0' && text[digits] <= '9'; digits++) {
		size = size * 10 + (size_t)(text[digits] - '0');
		if (size > length)
			return false;
	}
	if (digits == 0 || size < digits + 2 || text[digits] != ' ' || text[size - 1] != '\n')
		return false;
	record->size = size;
	record->key = text + digits + 1;
	equals = memchr(record->key, '=', size - digits - 2);
	if (equals == NULL)
		return false;
	record->key_length = (size_t)(equals - record->key);
	record->value = equals + 1;
	record->value_length = size - (size_t)(record->value - text) - 1;
	return true;
}

static bool
has_key(const struct record *record, const char *key)
{
	return record->key_length == strlen(key) &&
	       memcmp(record->key, key, record->key_length) == 0;
}

static void
take_value(const struct record *record, char **text)
{
	free(*text);
	*text = cw_memdup(record->value, record->value_length);
}

/* The last path and linkpath count. */
static int
read_pax(struct reader *reader, const char *contents, size_t length, struct cw_error *error)
{
	struct record record;

	for (; length > 0; contents += record.size, length -= record.size) {
		if (!read_record(contents, length, &record))
			return fail_damaged(reader, error);
		if (has_key(&record, "path"))
			take_value(&record, &reader->long_path);
		else if (has_key(&record, "linkpath"))
			take_value(&record, &reader->long_link);
		else if (has_key(&record, "size"))
			return refuse(reader, "a member", "is too large", error);
	}
	return CW_OK;
}

/* A member itself, after what came before it about its name. */
static int
take_member(struct reader *reader, const char *header, const char *contents, size_t length,
	    struct cw_error *error)
{
	bool prefixed = memcmp(header + MAGIC, "ustar\0", 6) == 0 && header[PREFIX] != '\0';
	cw_autofree char *name = field_text(header + NAME, NAME_SIZE);
	cw_autofree char *prefix = field_text(header + PREFIX, PREFIX_SIZE);
	cw_autofree char *path = reader->long_path != NULL ? cw_take(&reader->long_path)
				 : prefixed                ? cw_format("%s/%s", prefix, name)
							   : cw_strdup(name);
	cw_autofree char *link = reader->long_link != NULL ? cw_take(&reader->long_link)
							   : field_text(header + LINK, LINK_SIZE);
	int status = check_path(reader, path, error);

	if (status < 0)
		return status;
	switch (header[TYPE]) {
	case '0':
	case '\0': add_member(reader, path, NULL, contents, length); return CW_OK;
	case '2':
		status = check_link(reader, path, link, error);
		if (status == CW_OK)
			add_member(reader, path, link, "", 0);
		return status;
	case '5': return CW_OK;
	case '1': return refuse(reader, path, "is a hard link", error);
	default: return refuse(reader, path, "is not a file, a folder or a link", error);
	}
}

static int
take_block(struct reader *reader, const char *header, const char *contents, size_t length,
	   struct cw_error *error)
{
	switch (header[TYPE]) {
	case 'L':
		free(reader->long_path);
		reader->long_path = field_text(contents, length);
		return CW_OK;
	case 'K':
		free(reader->long_link);
		reader->long_link = field_text(contents, length);
		return CW_OK;
	case 'x': return read_pax(reader, contents, length, error);
	case 'g': return CW_OK;
	default: return take_member(reader, header, contents, length, error);
	}
}

static int
read_archive(struct reader *reader, struct cw_error *error)
{
	static const char zeros[BLOCK];

	while (reader->left >= BLOCK && memcmp(reader->at, zeros, BLOCK) != 0) {
		const char *header = reader->at;
		size_t length, padded;
		int status;

		if (!has_checksum(header) || !parse_octal(header + SIZE, SIZE_SIZE, &length) ||
		    length > reader->left - BLOCK)
			return fail_damaged(reader, error);
		status = take_block(reader, header, header + BLOCK, length, error);
		if (status < 0)
			return status;
		padded = (length + BLOCK - 1) / BLOCK * BLOCK;
		if (padded > reader->left - BLOCK)
			return fail_damaged(reader, error);
		reader->at += BLOCK + padded;
		reader->left -= BLOCK + padded;
	}
	/* An archive that was cut off has no block of zeros. */
	return reader->left >= BLOCK && reader->tar->count > 0 ? CW_OK
							       : fail_damaged(reader, error);
}

int
cw_tar_read(const char *what, const char *data, size_t length, struct cw_tar **tar,
	    struct cw_error *error)
{
	cw_auto_tar struct cw_tar *opened = cw_alloc(sizeof(*opened));
	struct reader reader = {.what = what, .at = data, .left = length, .tar = opened};
	int status = read_archive(&reader, error);

	free(reader.long_path);
	free(reader.long_link);
	*tar = status == CW_OK ? cw_take(&opened) : NULL;
	return status;
}

void
cw_tar_paths(const struct cw_tar *tar, struct cw_strv *paths)
{
	cw_auto_strv struct cw_strv all = {0};

	for (size_t i = 0; i < tar->count; i++)
		cw_strv_add(&all, tar->members[i].path);
	cw_strv_sort(&all);
	for (size_t i = 0; i < all.count; i++)
		if (i == 0 || strcmp(all.items[i - 1], all.items[i]) != 0)
			cw_strv_add(paths, all.items[i]);
}

/* The last member of a path counts, as when it is unpacked. */
static const struct member *
find(const struct cw_tar *tar, const char *path)
{
	for (size_t i = tar->count; i > 0; i--)
		if (strcmp(tar->members[i - 1].path, path) == 0)
			return &tar->members[i - 1];
	return NULL;
}

/* PATH with the first link on the way to it replaced by its target; NULL: there is none. */
static char *
follow(const struct cw_tar *tar, const char *path)
{
	for (const char *end = path + strcspn(path, "/");; end += 1 + strcspn(end + 1, "/")) {
		cw_autofree char *begin = cw_memdup(path, (size_t)(end - path));
		const struct member *member = find(tar, begin);

		if (member != NULL && member->link != NULL) {
			cw_autofree char *folder = folder_part(begin);
			cw_autofree char *target = resolve(folder, member->link);

			return target != NULL ? cw_format("%s%s", target, end) : NULL;
		}
		if (*end == '\0')
			return NULL;
	}
}

const char *
cw_tar_file(const struct cw_tar *tar, const char *path, size_t *length)
{
	cw_autofree char *at = cw_strdup(path);
	const struct member *member;

	for (unsigned i = 0; i < LINKS_MAX; i++) {
		char *next = follow(tar, at);

		if (next == NULL)
			break;
		free(at);
		at = next;
	}
	member = find(tar, at);
	if (member == NULL || member->link != NULL)
		return NULL;
	*length = member->contents.length;
	return cw_buf_text(&member->contents);
}
