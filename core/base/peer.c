#include "base/peer.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024, DESCRIPTORS_MAX = 16 };

/* What stands before the fields of a message. Both ends are one program on one machine. */
struct header {
	uint32_t length; /* of the fields, in bytes */
	uint32_t number;
	uint16_t type;
	uint8_t answer;
	uint8_t descriptor; /* one travels with the first byte */
};

/* A message that was received and not given on, or one to be sent. */
struct letter {
	struct cw_message *message;
	bool answer;
	struct letter *next;
};

struct waiting {
	uint32_t number;
	cw_peer_answered answered;
	void *context;
	struct waiting *next;
};

struct cw_peer {
	struct cw_loop *loop;
	int socket;
	char *what;
	struct cw_peer_handler handler;
	uint32_t last_number;
	struct waiting *waiting;

	struct letter *out;   /* the first may be sent in part */
	struct cw_buf packed; /* the first of OUT as bytes */
	size_t sent;          /* of these */
	struct cw_buf in;
	struct letter *inbox;
	int descriptors[DESCRIPTORS_MAX]; /* received, and not yet given to their messages */
	size_t descriptor_count;

	struct cw_timer *soon; /* for what is to be delivered from the loop */
	struct cw_error broken;
	bool reported;
	bool *freed; /* set by cw_peer_free() for a caller further up */
};

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(DESCRIPTORS_MAX * sizeof(int))];
};

static void ready(void *context, int descriptor, short events);
static void deliver(void *context);

int
cw_peer_pair(int ends[2], struct cw_error *error)
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return cw_fail_errno(error, errno, "cannot make a socket pair");
	return CW_OK;
}

static void
watch(struct cw_peer *peer)
{
	short events = POLLIN;

	if (peer->broken.status != CW_OK)
		events = 0;
	else if (peer->out != NULL)
		events |= POLLOUT;
	cw_loop_watch(peer->loop, peer->socket, events, ready, peer);
}

struct cw_peer *
cw_peer_new(struct cw_loop *loop, int socket, const char *what,
	    const struct cw_peer_handler *handler)
{
	struct cw_peer *peer = cw_alloc(sizeof(*peer));

	fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
	peer->loop = loop;
	peer->socket = socket;
	peer->what = cw_strdup(what);
	peer->handler = *handler;
	watch(peer);
	return peer;
}

void
cw_peer_move(struct cw_peer *peer, struct cw_loop *loop)
{
	bool soon = peer->soon != NULL;

	cw_loop_watch(peer->loop, peer->socket, 0, NULL, NULL);
	cw_loop_cancel(peer->loop, cw_take(&peer->soon));
	peer->loop = loop;
	watch(peer);
	if (soon)
		peer->soon = cw_loop_timer(loop, 0, deliver, peer);
}

static void
free_letters(struct letter **list)
{
	while (*list != NULL) {
		struct letter *next = (*list)->next;

		cw_message_free((*list)->message);
		free(*list);
		*list = next;
	}
}

void
cw_peer_free(struct cw_peer *peer)
{
	if (peer == NULL)
		return;
	if (peer->freed != NULL)
		*peer->freed = true;
	cw_loop_watch(peer->loop, peer->socket, 0, NULL, NULL);
	cw_loop_cancel(peer->loop, peer->soon);
	close(peer->socket);
	free_letters(&peer->out);
	free_letters(&peer->inbox);
	for (size_t i = 0; i < peer->descriptor_count; i++)
		close(peer->descriptors[i]);
	while (peer->waiting != NULL) {
		struct waiting *next = peer->waiting->next;

		free(peer->waiting);
		peer->waiting = next;
	}
	cw_buf_wipe(&peer->packed);
	cw_buf_wipe(&peer->in);
	cw_error_clear(&peer->broken);
	free(peer->what);
	free(peer);
}

static void
deliver_soon(struct cw_peer *peer)
{
	if (peer->soon == NULL)
		peer->soon = cw_loop_timer(peer->loop, 0, deliver, peer);
}

/* No more is sent or read; who waits is told from the loop. */
static void
break_off(struct cw_peer *peer, struct cw_error *error)
{
	if (peer->broken.status != CW_OK)
		return;
	cw_error_move(&peer->broken, error);
	free_letters(&peer->out);
	watch(peer);
	deliver_soon(peer);
}

static void
pack(struct cw_peer *peer)
{
	const struct cw_message *message = peer->out->message;
	struct header header = {
		.length = (uint32_t)message->fields.length,
		.number = message->number,
		.type = (uint16_t)message->type,
		.answer = peer->out->answer,
		.descriptor = message->descriptor >= 0,
	};

	cw_buf_truncate(&peer->packed, 0);
	cw_buf_add(&peer->packed, &header, sizeof(header));
	cw_buf_add(&peer->packed, cw_buf_text(&message->fields), message->fields.length);
	peer->sent = 0;
}

/* Sends what is left of the first message; -1 with errno when nothing could be sent. */
static ssize_t
send_some(struct cw_peer *peer)
{
	struct iovec part = {.iov_base = peer->packed.data + peer->sent,
			     .iov_len = peer->packed.length - peer->sent};
	union control control = {0};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	ssize_t sent;

	if (peer->sent == 0 && peer->out->message->descriptor >= 0) {
		struct cmsghdr *item;

		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(sizeof(int));
		item = CMSG_FIRSTHDR(&header);
		item->cmsg_level = SOL_SOCKET;
		item->cmsg_type = SCM_RIGHTS;
		item->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(item), &peer->out->message->descriptor, sizeof(int));
	}
	do {
		sent = sendmsg(peer->socket, &header, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return sent;
}

/* Sends as much as goes without waiting. */
static void
send_out(struct cw_peer *peer)
{
	while (peer->out != NULL) {
		ssize_t sent;

		if (peer->packed.length == 0)
			pack(peer);
		sent = send_some(peer);
		/* The peer's end is found by reading, which may still give its last words. */
		if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (sent < 0) {
			free_letters(&peer->out);
			cw_buf_truncate(&peer->packed, 0);
			break;
		}
		peer->sent += (size_t)sent;
		if (peer->sent == peer->packed.length) {
			struct letter *done = peer->out;

			peer->out = done->next;
			done->next = NULL;
			free_letters(&done);
			cw_wipe(peer->packed.data, peer->packed.length);
			cw_buf_truncate(&peer->packed, 0);
		}
	}
	watch(peer);
}

static void
post(struct cw_peer *peer, struct cw_message *message, bool answer)
{
	struct letter *letter, **end = &peer->out;

	if (peer->broken.status != CW_OK || message->fields.length > CW_PEER_BYTES_MAX) {
		cw_message_free(message);
		return;
	}
	letter = cw_alloc(sizeof(*letter));
	letter->message = message;
	letter->answer = answer;
	while (*end != NULL)
		end = &(*end)->next;
	*end = letter;
	if (peer->out == letter)
		send_out(peer);
}

void
cw_peer_tell(struct cw_peer *peer, struct cw_message *message)
{
	message->number = 0;
	post(peer, message, false);
}

void
cw_peer_answer(struct cw_peer *peer, const struct cw_message *request, struct cw_message *message)
{
	message->number = request->number;
	post(peer, message, true);
}

static uint32_t
next_number(struct cw_peer *peer)
{
	if (++peer->last_number == 0)
		peer->last_number = 1;
	return peer->last_number;
}

/* A message that no peer would take is the sender's own fault, told as if the peer were gone. */
static void
check_size(struct cw_peer *peer, const struct cw_message *message)
{
	cw_auto_error struct cw_error error = {0};

	if (message->fields.length <= CW_PEER_BYTES_MAX)
		return;
	cw_fail(&error, CW_E_PROTOCOL, "a message to %s is too long (%zu bytes)", peer->what,
		message->fields.length);
	break_off(peer, &error);
}

uint32_t
cw_peer_ask(struct cw_peer *peer, struct cw_message *message, cw_peer_answered answered,
	    void *context)
{
	struct waiting *waiting = cw_alloc(sizeof(*waiting));

	waiting->number = next_number(peer);
	waiting->answered = answered;
	waiting->context = context;
	waiting->next = peer->waiting;
	peer->waiting = waiting;
	message->number = waiting->number;
	check_size(peer, message);
	if (peer->broken.status != CW_OK)
		deliver_soon(peer);
	post(peer, message, false);
	return waiting->number;
}

/* Takes the request that waits for NUMBER out of the list; NULL: none does. */
static struct waiting *
take_waiting(struct cw_peer *peer, uint32_t number)
{
	for (struct waiting **at = &peer->waiting; *at != NULL; at = &(*at)->next) {
		struct waiting *found = *at;

		if (found->number != number)
			continue;
		*at = found->next;
		return found;
	}
	return NULL;
}

void
cw_peer_forget(struct cw_peer *peer, uint32_t number)
{
	free(take_waiting(peer, number));
}

static void
take_descriptors(struct cw_peer *peer, struct msghdr *header, struct cw_error *error)
{
	for (struct cmsghdr *item = CMSG_FIRSTHDR(header); item != NULL;
	     item = CMSG_NXTHDR(header, item)) {
		size_t count;

		if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS)
			continue;
		count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int descriptor;

			memcpy(&descriptor, CMSG_DATA(item) + i * sizeof(int), sizeof(int));
			if (peer->descriptor_count < DESCRIPTORS_MAX) {
				peer->descriptors[peer->descriptor_count++] = descriptor;
				continue;
			}
			close(descriptor);
			cw_fail(error, CW_E_PROTOCOL, "%s sent too many descriptors", peer->what);
		}
	}
	if (header->msg_flags & MSG_CTRUNC)
		cw_fail(error, CW_E_IO, "no descriptor is left for what %s sent", peer->what);
}

static int
take_descriptor(struct cw_peer *peer, struct cw_error *error)
{
	int descriptor;

	if (peer->descriptor_count == 0) {
		cw_fail(error, CW_E_PROTOCOL, "%s announced a descriptor and sent none",
			peer->what);
		return -1;
	}
	descriptor = peer->descriptors[0];
	peer->descriptor_count--;
	memmove(peer->descriptors, peer->descriptors + 1, peer->descriptor_count * sizeof(int));
	return descriptor;
}

/* Puts the messages that have come whole into the inbox. */
static void
unpack(struct cw_peer *peer, struct cw_error *error)
{
	struct letter **end = &peer->inbox;
	size_t at = 0;

	while (*end != NULL)
		end = &(*end)->next;
	while (error->status == CW_OK && peer->in.length - at >= sizeof(struct header)) {
		struct header header;
		struct cw_message *message;

		memcpy(&header, peer->in.data + at, sizeof(header));
		if (header.length > CW_PEER_BYTES_MAX || header.answer > 1 ||
		    header.descriptor > 1) {
			cw_fail(error, CW_E_PROTOCOL, "%s sent a malformed message", peer->what);
			break;
		}
		if (peer->in.length - at - sizeof(header) < header.length)
			break;
		message = cw_message_new(header.type);
		message->number = header.number;
		cw_buf_add(&message->fields, peer->in.data + at + sizeof(header), header.length);
		at += sizeof(header) + header.length;
		if (header.descriptor)
			message->descriptor = take_descriptor(peer, error);
		*end = cw_alloc(sizeof(**end));
		(*end)->message = message;
		(*end)->answer = header.answer == 1;
		end = &(*end)->next;
	}
	if (at == 0)
		return;
	memmove(peer->in.data, peer->in.data + at, peer->in.length - at);
	cw_buf_truncate(&peer->in, peer->in.length - at);
}

/* Reads what is there. */
static void
read_in(struct cw_peer *peer)
{
	cw_auto_error struct cw_error error = {0};

	while (error.status == CW_OK) {
		struct iovec part = {.iov_base = cw_buf_reserve(&peer->in, READ_SIZE),
				     .iov_len = READ_SIZE};
		union control control = {0};
		struct msghdr header = {.msg_iov = &part,
					.msg_iovlen = 1,
					.msg_control = &control,
					.msg_controllen = sizeof(control.space)};
		ssize_t length = recvmsg(peer->socket, &header, MSG_CMSG_CLOEXEC);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (length <= 0) {
			cw_fail(&error, CW_E_IO, "%s is gone", peer->what);
			break;
		}
		cw_buf_grown(&peer->in, (size_t)length);
		take_descriptors(peer, &header, &error);
		if (error.status == CW_OK)
			unpack(peer, &error);
	}
	if (error.status != CW_OK)
		break_off(peer, &error);
}

/* Gives one message on. */
static void
give(struct cw_peer *peer, struct letter *letter)
{
	struct cw_message *message = cw_take(&letter->message);
	struct waiting *waiting;

	if (!letter->answer) {
		free(letter);
		peer->handler.received(peer->handler.context, message);
		return;
	}
	free(letter);
	waiting = take_waiting(peer, message->number);
	/* What nobody waits for any more was forgotten. */
	if (waiting != NULL)
		waiting->answered(waiting->context, &message, NULL);
	free(waiting);
	cw_message_free(message);
}

static void
report_end(struct cw_peer *peer, const bool *freed)
{
	while (!*freed && peer->waiting != NULL) {
		struct waiting *waiting = peer->waiting;
		struct cw_message *none = NULL;

		peer->waiting = waiting->next;
		waiting->answered(waiting->context, &none, &peer->broken);
		free(waiting);
	}
	if (*freed || peer->reported)
		return;
	peer->reported = true;
	peer->handler.gone(peer->handler.context, &peer->broken);
}

/* Calls who is to be called, until nothing is left or the peer was freed by one of them. */
static void
deliver(void *context)
{
	struct cw_peer *peer = context;
	bool *outer = peer->freed;
	bool freed = false;

	peer->soon = NULL;
	peer->freed = &freed;
	while (!freed && peer->inbox != NULL) {
		struct letter *letter = peer->inbox;

		peer->inbox = letter->next;
		give(peer, letter);
	}
	if (!freed && peer->broken.status != CW_OK)
		report_end(peer, &freed);
	if (!freed)
		peer->freed = outer;
	else if (outer != NULL)
		*outer = true;
}

static void
ready(void *context, int descriptor, short events)
{
	struct cw_peer *peer = context;

	(void)descriptor;
	if (events & POLLOUT)
		send_out(peer);
	if (events & ~POLLOUT)
		read_in(peer);
	if (peer->soon == NULL && (peer->inbox != NULL || peer->broken.status != CW_OK))
		deliver(peer);
}

/* Waits until the socket can be read, or be written to where something is to be sent. */
static void
wait_for_socket(struct cw_peer *peer)
{
	struct pollfd item = {.fd = peer->socket, .events = POLLIN};

	if (peer->out != NULL)
		item.events |= POLLOUT;
	if (poll(&item, 1, -1) <= 0)
		return;
	if (item.revents & POLLOUT)
		send_out(peer);
	if (item.revents & ~POLLOUT)
		read_in(peer);
}

/* The answer to NUMBER, taken out of the inbox; NULL: it has not come. */
static struct cw_message *
find_answer(struct cw_peer *peer, uint32_t number)
{
	for (struct letter **at = &peer->inbox; *at != NULL; at = &(*at)->next) {
		struct letter *letter = *at;
		struct cw_message *message = letter->message;

		if (!letter->answer || message->number != number)
			continue;
		*at = letter->next;
		free(letter);
		return message;
	}
	return NULL;
}

int
cw_peer_ask_now(struct cw_peer *peer, struct cw_message *message, struct cw_message **answer,
		struct cw_error *error)
{
	uint32_t number = next_number(peer);

	message->number = number;
	check_size(peer, message);
	post(peer, message, false);
	*answer = NULL;
	while (*answer == NULL && peer->broken.status == CW_OK) {
		wait_for_socket(peer);
		*answer = find_answer(peer, number);
	}
	if (*answer == NULL)
		*answer = find_answer(peer, number);
	if (peer->inbox != NULL)
		deliver_soon(peer);
	if (*answer != NULL)
		return CW_OK;
	cw_error_copy(error, &peer->broken);
	return peer->broken.status;
}

void
cw_peer_flush(struct cw_peer *peer)
{
	while (peer->out != NULL && peer->broken.status == CW_OK)
		wait_for_socket(peer);
	if (peer->inbox != NULL)
		deliver_soon(peer);
}
