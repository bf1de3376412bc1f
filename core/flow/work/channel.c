#include "flow/work/channel.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int))];
};

int
cw_channel_make(int ends[2], struct cw_error *error)
{
	int size = 2 * CW_CHANNEL_MAX;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return cw_fail_errno(error, errno, "cannot make a socket pair for a worker");
	/* Without room for a whole message the kernel would refuse it; what it grants is checked
	 * when one is sent. */
	for (int i = 0; i < 2; i++)
		setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	return CW_OK;
}

int
cw_channel_send(int channel, struct json_object *message, int descriptor, struct cw_error *error)
{
	const char *text = cw_json_text(message);
	struct iovec part = {.iov_base = (void *)text, .iov_len = strlen(text)};
	union control control = {0};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t sent;

	if (descriptor >= 0) {
		struct cmsghdr *item;

		header.msg_control = &control;
		header.msg_controllen = sizeof(control.space);
		item = CMSG_FIRSTHDR(&header);
		item->cmsg_level = SOL_SOCKET;
		item->cmsg_type = SCM_RIGHTS;
		item->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(item), &descriptor, sizeof(int));
	}
	do {
		sent = sendmsg(channel, &header, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return cw_fail_errno(error, errno, "cannot send a message between processes");
	return CW_OK;
}

int
cw_channel_receive(int channel, struct json_object **message, int *descriptor,
		   struct cw_error *error)
{
	cw_autofree char *text = cw_alloc(CW_CHANNEL_MAX + 1);
	struct iovec part = {.iov_base = text, .iov_len = CW_CHANNEL_MAX};
	union control control = {0};
	struct msghdr header = {.msg_iov = &part,
				.msg_iovlen = 1,
				.msg_control = &control,
				.msg_controllen = sizeof(control.space)};
	int received = -1;
	ssize_t length;

	*message = NULL;
	if (descriptor != NULL)
		*descriptor = -1;
	do {
		length = recvmsg(channel, &header, MSG_CMSG_CLOEXEC);
	} while (length < 0 && errno == EINTR);
	if (length == 0 || (length < 0 && errno == ECONNRESET))
		return CW_OK;
	if (length < 0)
		return cw_fail_errno(error, errno, "cannot receive a message between processes");
	for (struct cmsghdr *item = CMSG_FIRSTHDR(&header); item != NULL;
	     item = CMSG_NXTHDR(&header, item))
		if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_RIGHTS)
			memcpy(&received, CMSG_DATA(item), sizeof(int));
	if (received >= 0 && descriptor == NULL)
		close(received);
	else if (received >= 0)
		*descriptor = received;
	if (header.msg_flags & MSG_TRUNC)
		return cw_fail(error, CW_E_PROTOCOL, "a message between processes is too long");
	return cw_json_parse(text, (size_t)length, "a message between processes", message, error);
}
