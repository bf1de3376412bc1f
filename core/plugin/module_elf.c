/* The dynamic linker maps a file that was cut short without a word, and the first touch beyond its
 * end kills the process. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "plugin/module_internal.h"

enum { SEGMENTS_MAX = 256 };

static bool
read_at(int descriptor, void *data, size_t length, off_t offset)
{
	return pread(descriptor, data, length, offset) == (ssize_t)length;
}

/* Whether every segment that is to be mapped lies within the file's SIZE bytes. */
static bool
is_whole(int descriptor, uint64_t size)
{
	ElfW(Ehdr) header;

	if (!read_at(descriptor, &header, sizeof(header), 0) ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
	    header.e_phentsize != sizeof(ElfW(Phdr)) || header.e_phnum > SEGMENTS_MAX)
		return false;
	for (unsigned i = 0; i < header.e_phnum; i++) {
		ElfW(Phdr) segment;
		off_t offset = (off_t)(header.e_phoff + i * sizeof(segment));

		if (!read_at(descriptor, &segment, sizeof(segment), offset))
			return false;
		if (segment.p_type == PT_LOAD &&
		    (segment.p_offset > size || segment.p_filesz > size - segment.p_offset))
			return false;
	}
	return true;
}

int
cw_module_check_file(const char *path, struct cw_error *error)
{
	cw_autoclose int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;

	if (descriptor < 0 || fstat(descriptor, &status) < 0)
		return cw_fail_errno(error, errno, "cannot read the plugin \"%s\"", path);
	if (S_ISREG(status.st_mode) && is_whole(descriptor, (uint64_t)status.st_size))
		return CW_OK;
	cw_fail(error, CW_E_PLUGIN,
		"the plugin \"%s\" was refused: it is no shared object of this machine's kind, or "
		"it "
		"was cut short",
		path);
	cw_hint(error, "install the plugin anew, or move the file out of the folder");
	return CW_E_PLUGIN;
}
