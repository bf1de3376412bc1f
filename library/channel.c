#include "library/channel.h"
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include "library/protocol.h"

#define INPUT_STEP 16384

void
cw_channel_close(struct cw_channel *channel)
{
	if (channel->socket >= 0)
		close(channel->socket);
	channel->socket = -1;
	if (channel->input != NULL)
		explicit_bzero(channel->input, channel->capacity);
	free(channel->input);
	channel->input = NULL;
	channel->length = channel->capacity = 0;
}

static void
note_cut(const struct cw_channel *channel, bool cut)
{
	if (channel->cut != NULL)
		*channel->cut = cut;
}

static bool
wait_for(int socket, short events, int milliseconds)
{
	struct pollfd wait = {.fd = socket, .events = events};
	int count;

	do
		count = poll(&wait, 1, milliseconds);
	while (count < 0 && errno == EINTR);
	return count > 0;
}

bool
cw_channel_wait(const struct cw_channel *channel, int milliseconds)
{
	return wait_for(channel->socket, POLLIN, milliseconds);
}

int
cw_channel_send(struct cw_channel *channel, char kind, const char *text, size_t length)
{
	unsigned char head[CW_FRAME_HEAD] = {
		(unsigned char)kind,           (unsigned char)(length >> 24),
		(unsigned char)(length >> 16), (unsigned char)(length >> 8),
		(unsigned char)length,
	};
	struct iovec parts[] = {{head, sizeof(head)}, {(void *)(uintptr_t)text, length}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};

	while (parts[0].iov_len + parts[1].iov_len > 0) {
		ssize_t sent = sendmsg(channel->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && errno == EAGAIN) {
			if (!wait_for(channel->socket, POLLOUT, channel->send_limit)) {
				errno = ETIMEDOUT;
				return -1;
			}
			continue;
		}
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -1;
		note_cut(channel, true);
		for (size_t i = 0; i < 2; i++) {
			size_t part =
				(size_t)sent < parts[i].iov_len ? (size_t)sent : parts[i].iov_len;

			parts[i].iov_base = (char *)parts[i].iov_base + part;
			parts[i].iov_len -= part;
			sent -= (ssize_t)part;
		}
	}
	note_cut(channel, false);
	return 0;
}

/* realloc() could leave a copy of a private key behind. */
static int
make_room(struct cw_channel *channel, size_t wanted)
{
	size_t capacity = channel->capacity == 0 ? INPUT_STEP : channel->capacity;
	unsigned char *larger;

	while (capacity < wanted)
		capacity *= 2;
	if (channel->capacity == capacity)
		return 0;
	larger = malloc(capacity);
	if (larger == NULL)
		return -1;
	if (channel->length > 0) {
		memcpy(larger, channel->input, channel->length);
		explicit_bzero(channel->input, channel->length);
	}
	free(channel->input);
	channel->input = larger;
	channel->capacity = capacity;
	return 0;
}

/* Whether the message is complete; -1 with errno if it cannot be. *LENGTH becomes that of its text;
 * 0 while it is unknown. */
static int
is_complete(const struct cw_channel *channel, size_t *length)
{
	const unsigned char *head = channel->input;

	*length = 0;
	if (channel->length < CW_FRAME_HEAD)
		return 0;
	*length = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];
	if (head[0] == 0 || *length > channel->limit) {
		errno = head[0] == 0 ? EPROTO : EMSGSIZE;
		return -1;
	}
	return channel->length - CW_FRAME_HEAD >= *length;
}

static int
take_first(struct cw_channel *channel, size_t length, char **text)
{
	int kind = channel->input[0];

	*text = malloc(length + 1);
	if (*text == NULL) {
		errno = ENOMEM;
		return -1;
	}
	memcpy(*text, channel->input + CW_FRAME_HEAD, length);
	(*text)[length] = '\0';
	explicit_bzero(channel->input, channel->length);
	channel->length = 0;
	return kind;
}

int
cw_channel_take(struct cw_channel *channel, char **text)
{
	*text = NULL;
	for (;;) {
		size_t length, wanted;
		int complete = is_complete(channel, &length);
		ssize_t received;

		if (complete > 0)
			return take_first(channel, length, text);
		if (complete < 0)
			return -1;
		wanted = CW_FRAME_HEAD + length;
		if (make_room(channel, wanted) < 0) {
			errno = ENOMEM;
			return -1;
		}
		received = recv(channel->socket, channel->input + channel->length,
				wanted - channel->length, MSG_DONTWAIT);
		if (received > 0) {
			channel->length += (size_t)received;
			continue;
		}
		if (received < 0 && errno == EINTR)
			continue;
		if (received < 0 && errno == EAGAIN)
			return 0;
		if (received == 0)
			errno = EPIPE;
		return -1;
	}
}
