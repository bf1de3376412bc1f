/* Which process listens on a port, from /proc. */
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/mem.h"
#include "base/text.h"
#include "plugin/port_holder_internal.h"

enum { SOCKETS_MAX = 64, LISTEN_STATE = 0x0A };

struct sockets {
	uint64_t inodes[SOCKETS_MAX];
	size_t count;
};

/* The 8 or 32 hexadecimal digits of /proc/net/tcp{,6}: 32-bit words in the machine's byte order. */
static bool
parse_words(const char *hex, uint32_t *words, size_t count)
{
	char word[9] = {0};

	if (strlen(hex) != count * 8)
		return false;
	for (size_t i = 0; i < count; i++) {
		memcpy(word, hex + i * 8, 8);
		words[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	return true;
}

/* Whether a socket bound to WORDS (COUNT 1: IPv4, 4: IPv6) stands in the way of ADDRESS. An IPv6
 * wildcard takes the IPv4 port too, unless it was opened otherwise, which /proc does not tell. */
static bool
overlaps(const struct sockaddr_storage *address, const uint32_t *words, size_t count)
{
	static const uint32_t any[4];
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;

	if (memcmp(words, any, count * sizeof(*words)) == 0)
		return address->ss_family == (count == 1 ? AF_INET : AF_INET6) || count == 4;
	if (address->ss_family == AF_INET && count == 1)
		return v4->sin_addr.s_addr == 0 ||
		       memcmp(&v4->sin_addr, words, sizeof(v4->sin_addr)) == 0;
	if (address->ss_family == AF_INET && count == 4)
		return words[0] == 0 && words[1] == 0 && words[2] == htonl(0xFFFF) &&
		       (v4->sin_addr.s_addr == 0 ||
			memcmp(&v4->sin_addr, &words[3], sizeof(v4->sin_addr)) == 0);
	if (address->ss_family == AF_INET6 && count == 4)
		return memcmp(&v6->sin6_addr, any, sizeof(any)) == 0 ||
		       memcmp(&v6->sin6_addr, words, sizeof(any)) == 0;
	return false;
}

static void
read_table(const char *path, size_t words, const struct sockaddr_storage *address,
	   struct sockets *sockets)
{
	cw_autofile FILE *file = fopen(path, "re");
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
	unsigned wanted = ntohs(v4->sin_port); /* at the same place in both kinds */
	char line[512];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL &&
	       sockets->count < SOCKETS_MAX) {
		char local[33];
		uint32_t parsed[4];
		unsigned port, state;
		uint64_t inode;

		if (sscanf(line,
			   " %*[0-9]: %32[0-9A-F]:%x %*[0-9A-F]:%*x %x %*s %*s %*s %*s %*s "
			   "%" SCNu64,
			   local, &port, &state, &inode) != 4)
			continue;
		if (port == wanted && state == LISTEN_STATE && inode != 0 &&
		    parse_words(local, parsed, words) && overlaps(address, parsed, words))
			sockets->inodes[sockets->count++] = inode;
	}
}

static bool
has_inode(const struct sockets *sockets, const char *target)
{
	uint64_t inode;

	if (sscanf(target, "socket:[%" SCNu64 "]", &inode) != 1)
		return false;
	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->inodes[i] == inode)
			return true;
	return false;
}

/* Whether the process with this folder in /proc has one of the sockets open. */
static bool
holds(const char *folder, const struct sockets *sockets)
{
	cw_autofree char *path = cw_format("%s/fd", folder);
	DIR *directory = opendir(path);
	struct dirent *entry;
	bool found = false;

	if (directory == NULL)
		return false;
	while (!found && (entry = readdir(directory)) != NULL) {
		char target[64];
		ssize_t length =
			readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1);

		if (length > 0) {
			target[length] = '\0';
			found = has_inode(sockets, target);
		}
	}
	closedir(directory);
	return found;
}

static void
read_program(const char *folder, struct cw_port_holder *holder)
{
	cw_autofree char *path = cw_format("%s/comm", folder);
	cw_autofile FILE *file = fopen(path, "re");

	if (file == NULL || fgets(holder->program, sizeof(holder->program), file) == NULL)
		strcpy(holder->program, "?");
	holder->program[strcspn(holder->program, "\n")] = '\0';
	for (char *character = holder->program; *character != '\0'; character++)
		if ((unsigned char)*character < ' ' || *character == 127)
			*character = '?';
}

/* Of our executable: another run of this program, or a process of this one. */
static bool
is_ours(const char *folder)
{
	cw_autofree char *path = cw_format("%s/exe", folder);
	struct stat ours, theirs;

	return stat("/proc/self/exe", &ours) == 0 && stat(path, &theirs) == 0 &&
	       ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

void
cw_port_holder_find(const struct sockaddr_storage *address, struct cw_port_holder *holder)
{
	struct sockets sockets = {.count = 0};
	struct dirent *entry;
	DIR *directory;

	memset(holder, 0, sizeof(*holder));
	read_table("/proc/net/tcp", 1, address, &sockets);
	read_table("/proc/net/tcp6", 4, address, &sockets);
	directory = sockets.count > 0 ? opendir("/proc") : NULL;
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		cw_autofree char *folder = cw_format("/proc/%s", entry->d_name);
		uint64_t process;
		bool ours;

		if (!cw_parse_uint(entry->d_name, INT32_MAX, &process) || !holds(folder, &sockets))
			continue;
		ours = is_ours(folder);
		/* A stranger among the holders is the one to name. */
		if (holder->process == 0 || (holder->ours && !ours)) {
			holder->process = (pid_t)process;
			holder->ours = ours;
			read_program(folder, holder);
		}
		if (!ours)
			break;
	}
	if (directory != NULL)
		closedir(directory);
}
