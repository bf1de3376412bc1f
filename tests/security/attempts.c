/*
 * What somebody tries who runs code of his own in a process of certwright. It is linked into builds
 * with --enable-test-holes alone: into the program, and into the plugins. Being an attacker's, it
 * calls nothing of certwright's, and knows its messages from the source.
 *
 * Each attempt writes one line to the log: "attempt NAME: done", or why it failed. The environment
 * says where things are: CW_TEST_FOLDER, CW_TEST_KEY (a private key), CW_TEST_URL (of the CA),
 * CW_TEST_ACCOUNT (its URL there).
 */
#include "attempts.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "acme/wire.h"
#include "plugin/wire.h"

static void
report(const char *name, const char *outcome)
{
	dprintf(STDERR_FILENO, "attempt %s: %s\n", name, outcome);
}

static void
report_number(const char *name, int failed, int number)
{
	report(name, failed ? strerror(number) : "done");
}

static const char *
setting(const char *name)
{
	const char *value = getenv(name);

	return value != NULL ? value : "";
}

/* Files. */

static void
create(const char *name, const char *folder, const char *path)
{
	char full[4096];
	int descriptor;

	snprintf(full, sizeof(full), "%s%s", folder, path);
	descriptor = open(full, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	report_number(name, descriptor < 0, errno);
	if (descriptor >= 0)
		close(descriptor);
}

static void
read_file(const char *name, const char *path)
{
	char byte;
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);

	report_number(name, descriptor < 0 || read(descriptor, &byte, 1) != 1, errno);
	if (descriptor >= 0)
		close(descriptor);
}

static void
try_files(void)
{
	const char *folder = setting("CW_TEST_FOLDER");
	const char *name = strrchr(folder, '/');

	create("create-in-config", folder, "/etc/attempt");
	create("create-in-work", folder, "/var/attempt");
	create("create-in-log", folder, "/log/attempt");
	create("create-undo-record", folder, "/var/certwright/undo/1");
	create("create-in-etc", "/etc/", name != NULL ? name + 1 : "attempt");
	read_file("read-private-key", setting("CW_TEST_KEY"));
	read_file("read-etc", "/etc/passwd");
}

/* The coordinator. */

static void
try_memory(void)
{
	static char here[16];
	struct iovec ours = {here, sizeof(here)}, theirs = {here, sizeof(here)};
	char path[64];
	int descriptor, failed;
	pid_t parent = getppid();

	failed = ptrace(PTRACE_SEIZE, parent, NULL, NULL) < 0;
	report_number("trace-coordinator", failed, errno);
	/* A wrong address is found out behind the check of the right. */
	failed = process_vm_readv(parent, &ours, 1, &theirs, 1, 0) < 0 && errno != EFAULT;
	report_number("copy-memory", failed, errno);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)parent);
	descriptor = open(path, O_RDONLY | O_CLOEXEC);
	report_number("open-memory", descriptor < 0, errno);
	if (descriptor >= 0)
		close(descriptor);
}

/* Signal 0 changes nothing; whoever may send it may send the others. */
static void
try_signals(void)
{
	report_number("signal-coordinator", kill(getppid(), 0) < 0, errno);
	report_number("signal-group", kill(-getppid(), 0) < 0 && kill(-1, 0) < 0, errno);
}

/* Sockets. */

static void
try_sockets(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct sockaddr_in any = {.sin_family = AF_INET};
	int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket",
		 setting("CW_TEST_FOLDER"));
	report_number("connect-unix",
		      descriptor < 0 ||
			      connect(descriptor, (struct sockaddr *)&address, sizeof(address)) < 0,
		      errno);
	if (descriptor >= 0)
		close(descriptor);
	any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	report_number("listen",
		      descriptor < 0 ||
			      bind(descriptor, (struct sockaddr *)&any, sizeof(any)) < 0 ||
			      listen(descriptor, 1) < 0,
		      errno);
	if (descriptor >= 0)
		close(descriptor);
	/* Nobody need be there: whether it may be tried is what counts. */
	any.sin_port = htons(9);
	descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	report_number("connect-inet",
		      descriptor < 0 ||
			      (connect(descriptor, (struct sockaddr *)&any, sizeof(any)) < 0 &&
			       errno != ECONNREFUSED),
		      errno);
	if (descriptor >= 0)
		close(descriptor);
}

/* Rights. */

static void
try_rights(void)
{
	static char shell[] = "/bin/sh", option[] = "-c", script[] = "echo attempt exec: done >&2";
	static char *const argv[] = {shell, option, script, NULL};
	static char *const environment[] = {NULL};
	pid_t child;

	report_number("become-root", setresuid(0, 0, 0) < 0, errno);
	child = fork();
	report_number("make-process", child < 0, errno);
	if (child > 0) {
		waitpid(child, NULL, 0);
		return;
	}
	execve(argv[0], argv, environment);
	report_number("exec", 1, errno);
	if (child == 0)
		_exit(0);
}

static void
try_all(void)
{
	try_files();
	try_memory();
	try_signals();
	try_sockets();
	try_rights();
	report("all", "done");
}

/* Messages to the coordinator, as core/base/peer.c and message.c have them. */

enum { SOCKET = 3, NUMBER = 0x7fff0000, ANSWER_WAIT = 10000 };
enum { BOOL = 1, INT, TEXT, NO_TEXT, BYTES, LIST, ERROR };

struct header {
	uint32_t length;
	uint32_t number;
	uint16_t type;
	uint8_t answer;
	uint8_t descriptor;
};

struct forged {
	struct header header;
	char fields[8192];
};

static void
add(struct forged *message, const void *data, size_t length)
{
	memcpy(message->fields + message->header.length, data, length);
	message->header.length += (uint32_t)length;
}

static void
add_kind(struct forged *message, char kind)
{
	add(message, &kind, 1);
}

static void
add_int(struct forged *message, int64_t value)
{
	add_kind(message, INT);
	add(message, &value, sizeof(value));
}

static void
add_text(struct forged *message, const char *text)
{
	uint64_t length = text != NULL ? strlen(text) : 0;

	add_kind(message, text != NULL ? TEXT : NO_TEXT);
	if (text == NULL)
		return;
	add(message, &length, sizeof(length));
	add(message, text, length);
}

static int
write_all(const void *data, size_t length)
{
	const char *at = data;

	while (length > 0) {
		ssize_t sent = send(SOCKET, at, length, MSG_NOSIGNAL);

		if (sent < 0 && errno != EAGAIN)
			return -1;
		if (sent > 0) {
			at += sent;
			length -= (size_t)sent;
		}
	}
	return 0;
}

static int
read_all(void *data, size_t length)
{
	char *at = data;

	while (length > 0) {
		struct pollfd item = {.fd = SOCKET, .events = POLLIN};
		ssize_t got;

		if (poll(&item, 1, ANSWER_WAIT) <= 0)
			return -1;
		got = recv(SOCKET, at, length, 0);
		if (got <= 0)
			return -1;
		at += got;
		length -= (size_t)got;
	}
	return 0;
}

/* Sends a request and waits for its answer, whose first field is an error: its message, "" for
 * none. What comes before it is lost. */
static const char *
ask(struct forged *message)
{
	static char answer[1 << 20];
	static uint32_t last = NUMBER;
	struct header header;
	uint64_t length;

	message->header.number = ++last;
	if (write_all(message, sizeof(message->header) + message->header.length) < 0)
		return "the message could not be sent";
	do {
		if (read_all(&header, sizeof(header)) < 0 || header.length >= sizeof(answer) ||
		    read_all(answer, header.length) < 0)
			return "the coordinator is gone";
		answer[header.length] = '\0';
	} while (header.number != last || !header.answer);
	/* The error's kind, its status behind a kind, and its message. */
	if (header.length < 12 || answer[0] != ERROR)
		return "the answer is of another form";
	if (answer[10] != TEXT)
		return "";
	memcpy(&length, answer + 11, sizeof(length));
	answer[19 + length] = '\0';
	return answer + 19;
}

static const char *
ask_to_sign(int64_t signer, const char *url, const char *kid)
{
	struct forged message = {.header = {.type = CW_NETWORK_SIGN}};

	add_int(&message, 1); /* the first CA */
	add_int(&message, signer);
	add_text(&message, url);
	add_text(&message, "a-nonce");
	add_text(&message, kid);
	add_text(&message, "{}");
	return ask(&message);
}

static void
try_signatures(void)
{
	const char *url = setting("CW_TEST_URL"), *account = setting("CW_TEST_ACCOUNT");
	const char *why = "no signer was tried";
	int64_t signer = 0;
	char other[1024];

	/* Which of the coordinator's signers is the account's. */
	do
		why = ask_to_sign(++signer, url, account);
	while (*why != '\0' && signer < 16);
	report("sign-for-the-account", *why == '\0' ? "done" : why);
	if (*why != '\0')
		return;
	why = ask_to_sign(signer, "https://elsewhere.test/order", account);
	report("sign-for-another-server", *why == '\0' ? "done" : why);
	snprintf(other, sizeof(other), "%s@elsewhere.test/order", "https://localhost:14000");
	why = ask_to_sign(signer, other, account);
	report("sign-for-a-disguised-server", *why == '\0' ? "done" : why);
	snprintf(other, sizeof(other), "%s0", account);
	why = ask_to_sign(signer, url, other);
	report("sign-for-another-account", *why == '\0' ? "done" : why);
	why = ask_to_sign(999, url, account);
	report("sign-with-an-unknown-signer", *why == '\0' ? "done" : why);
	why = ask_to_sign(signer, url, NULL);
	report("sign-without-an-account", *why == '\0' ? "done" : why);
}

static void
try_order(void)
{
	struct forged message = {.header = {.type = CW_NETWORK_CREATED}};
	const char *why;

	add_int(&message, 1);
	add_int(&message, 77);
	add_text(&message, setting("CW_TEST_URL"));
	why = ask(&message);
	report("make-an-order-nobody-wants", *why == '\0' ? "done" : why);
}

static void
try_unknown_type(void)
{
	struct forged message = {.header = {.type = 60000}};
	const char *why;

	add_int(&message, 1);
	why = ask(&message);
	report("unknown-type", *why == '\0' ? "done" : why);
}

/* A field of another kind, then one that says that it is longer than the message. */
static void
try_wrong_fields(unsigned type)
{
	struct forged message = {.header = {.type = (uint16_t)type}};
	const uint64_t length = UINT64_MAX;
	const char *why;

	add_int(&message, 1);
	add_text(&message, "not a number");
	add_kind(&message, TEXT);
	add(&message, &length, sizeof(length));
	why = ask(&message);
	report("wrong-fields", *why == '\0' ? "done" : why);
}

static void
try_wrong_signature_fields(void)
{
	try_wrong_fields(CW_NETWORK_SIGN);
}

/* One that the coordinator itself reads: it does not look into those for the network process. */
static void
try_wrong_listen_fields(void)
{
	try_wrong_fields(CW_PLUGIN_LISTEN);
}

static void
try_huge(void)
{
	const struct header header = {.length = UINT32_MAX, .number = NUMBER, .type = 2};

	write_all(&header, sizeof(header));
	report("huge", "sent");
}

static void
try_cut_off(void)
{
	const struct header header = {.length = 1000, .number = NUMBER, .type = 2};

	write_all(&header, sizeof(header));
	write_all("ten bytes.", 10);
	report("cut-off", "sent");
	_exit(0);
}

/* A restricted plugin's: a file that is not the value of one of its options. */
static void
try_credentials(void)
{
	struct forged message = {.header = {.type = CW_PLUGIN_CREDENTIALS}};
	const char *why;

	add_text(&message, setting("CW_TEST_KEY"));
	add_kind(&message, BOOL);
	add(&message, "", 1);
	why = ask(&message);
	report("read-a-key-as-credentials", *why == '\0' ? "done" : why);
}

/*
 * A restricted plugin's journal is the coordinator's. What is to be undone is made to look like
 * records of a command and of a file, as core/store/undo_journal.h has them; then the process dies,
 * so that it is undone.
 */
static void
try_undo(void)
{
	struct forged message = {.header = {.type = CW_PLUGIN_UNDO_PLUGIN}};
	struct forged end = {.header = {.type = CW_PLUGIN_UNDO_DONE}};
	char command[2048], data[8000];
	const char *key = strrchr(setting("CW_TEST_KEY"), '/');
	const char *why;

	if (key == NULL)
		return;
	snprintf(command, sizeof(command), "touch %s/var/attempt", setting("CW_TEST_FOLDER"));
	snprintf(data, sizeof(data),
		 "0:\ncommand 1 3 7:/bin/sh 2:-c %zu:%s\nplace 2 4 %d:%.*s 1:0 1:0 %zu:%s\n",
		 strlen(command), command, (int)(key - setting("CW_TEST_KEY")),
		 (int)(key - setting("CW_TEST_KEY")), setting("CW_TEST_KEY"), strlen(key + 1),
		 key + 1);
	add_text(&message, data);
	why = ask(&message);
	report("undo-records-as-data", *why == '\0' ? "done" : why);
	add_int(&end, 4711);
	why = ask(&end);
	report("undo-done-of-an-unknown-record", *why == '\0' ? "done" : why);
	raise(SIGKILL);
}

/* The name of another plugin, and a command, as further fields. */
static void
try_undo_fields(void)
{
	struct forged message = {.header = {.type = CW_PLUGIN_UNDO_PLUGIN}};
	const char *why;

	add_text(&message, "data");
	add_text(&message, "webroot");
	add_text(&message, "/bin/sh");
	why = ask(&message);
	report("undo-for-another-plugin", *why == '\0' ? "done" : why);
}

static const struct attack {
	const char *name;
	void (*run)(void);
} attacks[] = {
	{"all", try_all},
	{"signatures", try_signatures},
	{"order", try_order},
	{"unknown-type", try_unknown_type},
	{"wrong-fields", try_wrong_signature_fields},
	{"wrong-listen-fields", try_wrong_listen_fields},
	{"huge", try_huge},
	{"cut-off", try_cut_off},
	{"credentials", try_credentials},
	{"undo", try_undo},
	{"undo-fields", try_undo_fields},
};

void
cw_test_hole(const char *place, const void *data, size_t length)
{
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		char marker[100];

		snprintf(marker, sizeof(marker), "test-hole-%s-%s", place, attacks[i].name);
		if (memmem(data, length, marker, strlen(marker)) != NULL) {
			attacks[i].run();
			return;
		}
	}
}
