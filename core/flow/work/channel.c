#include "flow/work/channel.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/mem.h"

#define READ_AT_ONCE (64 * 1024)

struct cw_channel {
	int end;
	int64_t patience;
	bool ended;
	struct cw_buf read; /* the length and the message so far */
	int descriptor;     /* that came with it; -1: none */
};

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

int
cw_channel_pair(int ends[2], struct cw_error *error)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return cw_fail_errno(error, errno, "cannot make a socket pair for a worker");
	return CW_OK;
}

struct cw_channel *
cw_channel_open(int end, int64_t patience)
{
	struct cw_channel *channel = cw_alloc(sizeof(*channel));

	channel->end = end;
	channel->patience = patience;
	channel->descriptor = -1;
	return channel;
}

void
cw_channel_close(struct cw_channel *channel)
{
	if (channel == NULL)
		return;
	close(channel->end);
	if (channel->descriptor >= 0)
		close(channel->descriptor);
	/* Answers may hold what the user typed. */
	cw_buf_wipe(&channel->read);
	free(channel);
}

int
cw_channel_descriptor(const struct cw_channel *channel)
{
	return channel->end;
}

bool
cw_channel_ended(const struct cw_channel *channel)
{
	return channel->ended;
}

static int
fail_send(int number, struct cw_error *error)
{
	return cw_fail_errno(error, number, "cannot send a message between processes");
}

/* Waits until the socket takes more. */
static int
wait_for_room(const struct cw_channel *channel, struct cw_error *error)
{
	struct pollfd item = {.fd = channel->end, .events = POLLOUT};
	int ready;

	do {
		ready = poll(&item, 1, channel->patience < 0 ? -1 : (int)channel->patience);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return fail_send(errno, error);
	return ready > 0 ? CW_OK
			 : cw_fail(error, CW_E_TIMEOUT,
				   "a process does not take the message that is sent to it");
}

static void
attach(struct msghdr *header, union control *control, int descriptor)
{
	struct cmsghdr *item;

	header->msg_control = control;
	header->msg_controllen = sizeof(control->space);
	item = CMSG_FIRSTHDR(header);
	item->cmsg_level = SOL_SOCKET;
	item->cmsg_type = SCM_RIGHTS;
	item->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(item), &descriptor, sizeof(int));
}

static int
send_all(const struct cw_channel *channel, const char *bytes, size_t length, int descriptor,
	 struct cw_error *error)
{
	union control control = {0};
	int status = CW_OK;

	while (length > 0 && status == CW_OK) {
		struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
		struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
		ssize_t sent;

		if (descriptor >= 0)
			attach(&header, &control, descriptor);
		sent = sendmsg(channel->end, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent >= 0) {
			bytes += sent;
			length -= (size_t)sent;
			descriptor = -1; /* it went with the first of the bytes */
		} else if (errno == EAGAIN) {
			status = wait_for_room(channel, error);
		} else if (errno != EINTR) {
			status = fail_send(errno, error);
		}
	}
	return status;
}

int
cw_channel_send(struct cw_channel *channel, struct json_object *message, int descriptor,
		struct cw_error *error)
{
	const char *text = cw_json_text(message);
	size_t length = strlen(text);
	uint32_t prefix = htonl((uint32_t)length);
	int status;

	if (length > CW_CHANNEL_MAX)
		return cw_fail(error, CW_E_PROTOCOL, "a message between processes is too long");
	status = send_all(channel, (const char *)&prefix, sizeof(prefix), descriptor, error);
	return status < 0 ? status : send_all(channel, text, length, -1, error);
}

static void
keep_descriptor(struct cw_channel *channel, struct msghdr *header)
{
	for (struct cmsghdr *item = CMSG_FIRSTHDR(header); item != NULL;
	     item = CMSG_NXTHDR(header, item)) {
		if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS)
			continue;
		if (channel->descriptor >= 0)
			close(channel->descriptor);
		memcpy(&channel->descriptor, CMSG_DATA(item), sizeof(int));
	}
}

/* Reads until LENGTH bytes of the message are there; *DONE tells whether they are. */
static int
read_up_to(struct cw_channel *channel, size_t length, bool *done, struct cw_error *error)
{
	while (channel->read.length < length && !channel->ended) {
		size_t left = length - channel->read.length;
		size_t most = left < READ_AT_ONCE ? left : READ_AT_ONCE;
		struct iovec part = {.iov_base = cw_buf_reserve(&channel->read, most),
				     .iov_len = most};
		union control control = {0};
		struct msghdr header = {.msg_iov = &part,
					.msg_iovlen = 1,
					.msg_control = &control,
					.msg_controllen = sizeof(control.space)};
		ssize_t got = recvmsg(channel->end, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

		if (got > 0) {
			cw_buf_grown(&channel->read, (size_t)got);
			keep_descriptor(channel, &header);
		} else if (got == 0 || errno == ECONNRESET) {
			channel->ended = true;
		} else if (errno == EAGAIN) {
			break;
		} else if (errno != EINTR) {
			return cw_fail_errno(error, errno,
					     "cannot receive a message between processes");
		}
	}
	*done = channel->read.length >= length;
	return CW_OK;
}

static int
take_message(struct cw_channel *channel, struct json_object **message, int *descriptor,
	     struct cw_error *error)
{
	int received = channel->descriptor;
	int status = cw_json_parse(channel->read.data + sizeof(uint32_t),
				   channel->read.length - sizeof(uint32_t),
				   "a message between processes", message, error);

	cw_buf_wipe(&channel->read);
	channel->descriptor = -1;
	if (received >= 0 && descriptor == NULL)
		close(received);
	else if (received >= 0)
		*descriptor = received;
	return status;
}

int
cw_channel_receive(struct cw_channel *channel, struct json_object **message, int *descriptor,
		   struct cw_error *error)
{
	uint32_t prefix;
	size_t length;
	bool done;
	int status = read_up_to(channel, sizeof(prefix), &done, error);

	*message = NULL;
	if (descriptor != NULL)
		*descriptor = -1;
	if (status < 0 || !done)
		return status;
	memcpy(&prefix, channel->read.data, sizeof(prefix));
	length = ntohl(prefix);
	if (length > CW_CHANNEL_MAX)
		return cw_fail(error, CW_E_PROTOCOL, "a message between processes is too long");
	status = read_up_to(channel, sizeof(prefix) + length, &done, error);
	if (status < 0 || !done)
		return status;
	return take_message(channel, message, descriptor, error);
}

int
cw_channel_wait(struct cw_channel *channel, struct json_object **message, int *descriptor,
		struct cw_error *error)
{
	struct pollfd item = {.fd = channel->end, .events = POLLIN};
	int status;

	for (;;) {
		status = cw_channel_receive(channel, message, descriptor, error);
		if (status < 0 || *message != NULL || channel->ended)
			return status;
		if (poll(&item, 1, -1) < 0 && errno != EINTR)
			return cw_fail_errno(error, errno,
					     "cannot wait for a message between processes");
	}
}
