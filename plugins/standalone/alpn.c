#include "alpn.h"
#include <ctype.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include "../common/alpn_certificate.h"

enum { INPUT_MAX = 64 * 1024, TEXT_SIZE = 512 };

static const char kind[] = "tls-alpn-01";
/* The length and the name, as in the extension. */
static const unsigned char acme_tls[] = "\x0a"
					"acme-tls/1";

struct alpn {
	const struct cw_host *host;
	SSL_CTX *context;
	EVP_PKEY *key;
};

struct connection {
	struct alpn *alpn;
	int descriptor;
	SSL *tls;
	BIO *in, *out; /* bytes received, and bytes to send; owned by TLS */
	size_t received;
	int over; /* the handshake has ended, well or not: only OUT is still sent */
	int shut;
};

/* Writes "type identifier digest", the answer for the name in SNI. */
static void
make_text(const struct cw_challenge *challenge, char *text)
{
	snprintf(text, TEXT_SIZE, "%.8s %.255s %.64s", challenge->identifier_type,
		 challenge->identifier, challenge->validation);
}

int
alpn_put(const struct cw_host *host, const struct cw_challenge *challenge)
{
	char text[TEXT_SIZE];

	make_text(challenge, text);
	return answer_put(host, kind, challenge->location, text);
}

int
alpn_remove(const struct cw_host *host, const struct cw_challenge *challenge)
{
	char text[TEXT_SIZE];

	make_text(challenge, text);
	return answer_remove(host, kind, challenge->location, text);
}

/* SNI ignores case. */
static int
lower(const char *name, char *copy, size_t size)
{
	size_t length = strlen(name);

	if (length == 0 || length >= size)
		return 0;
	for (size_t i = 0; i <= length; i++)
		copy[i] = (char)tolower((unsigned char)name[i]);
	return 1;
}

static X509 *
certificate_for(const struct alpn *alpn, const char *name)
{
	char copy[256], type[9], identifier[256], digest[65];
	X509 *certificate = NULL;
	size_t length;
	char *text;

	if (!lower(name, copy, sizeof(copy)))
		return NULL;
	text = answer_get(alpn->host, kind, copy, strlen(copy), &length);
	if (text != NULL && sscanf(text, "%8s %255s %64s", type, identifier, digest) == 3)
		certificate = alpn_certificate(alpn->key, type, identifier, digest);
	free(text);
	return certificate;
}

/* A client without ALPN does not validate, and OpenSSL would not call choose_protocol() for it. */
static int
check_hello(SSL *tls, int *alert, void *context)
{
	const unsigned char *protocols;
	size_t length;

	(void)context;
	if (SSL_client_hello_get0_ext(tls, TLSEXT_TYPE_application_layer_protocol_negotiation,
				      &protocols, &length) == 1)
		return SSL_CLIENT_HELLO_SUCCESS;
	*alert = SSL_AD_NO_APPLICATION_PROTOCOL;
	return SSL_CLIENT_HELLO_ERROR;
}

static int
choose_certificate(SSL *tls, int *alert, void *context)
{
	const struct alpn *alpn = context;
	const char *name = SSL_get_servername(tls, TLSEXT_NAMETYPE_host_name);
	X509 *certificate = name != NULL ? certificate_for(alpn, name) : NULL;
	int good = certificate != NULL && SSL_use_certificate(tls, certificate) == 1 &&
		   SSL_use_PrivateKey(tls, alpn->key) == 1;

	X509_free(certificate);
	cw_host_log(alpn->host, CW_LOG_DEBUG, "%s a TLS client that asks for \"%.255s\"",
		    good ? "answered" : "turned away", name != NULL ? name : "");
	*alert = SSL_AD_UNRECOGNIZED_NAME;
	return good ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* RFC 8737 section 3: the client must offer only acme-tls/1. */
static int
choose_protocol(SSL *tls, const unsigned char **chosen, unsigned char *length,
		const unsigned char *offered, unsigned offered_length, void *context)
{
	(void)tls;
	(void)context;
	if (offered_length != sizeof(acme_tls) - 1 ||
	    memcmp(offered, acme_tls, sizeof(acme_tls) - 1) != 0)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*chosen = acme_tls + 1;
	*length = acme_tls[0];
	return SSL_TLSEXT_ERR_OK;
}

struct alpn *
alpn_new(const struct cw_host *host)
{
	struct alpn *alpn = calloc(1, sizeof(*alpn));

	if (alpn == NULL)
		return NULL;
	alpn->host = host;
	alpn->context = SSL_CTX_new(TLS_server_method());
	alpn->key = alpn_key();
	if (alpn->context == NULL || alpn->key == NULL) {
		alpn_free(alpn);
		return NULL;
	}
	SSL_CTX_set_min_proto_version(alpn->context, TLS1_2_VERSION);
	SSL_CTX_set_session_cache_mode(alpn->context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(alpn->context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_num_tickets(alpn->context, 0);
	SSL_CTX_set_client_hello_cb(alpn->context, check_hello, NULL);
	SSL_CTX_set_tlsext_servername_callback(alpn->context, choose_certificate);
	SSL_CTX_set_tlsext_servername_arg(alpn->context, alpn);
	SSL_CTX_set_alpn_select_cb(alpn->context, choose_protocol, NULL);
	return alpn;
}

void
alpn_free(struct alpn *alpn)
{
	if (alpn == NULL)
		return;
	SSL_CTX_free(alpn->context);
	EVP_PKEY_free(alpn->key);
	free(alpn);
}

static void
alpn_end(void *state)
{
	struct connection *connection = state;

	SSL_free(connection->tls);
	free(connection);
}

static void *
alpn_begin(void *context, int descriptor)
{
	struct connection *connection = calloc(1, sizeof(*connection));

	if (connection == NULL)
		return NULL;
	connection->alpn = context;
	connection->descriptor = descriptor;
	connection->tls = SSL_new(connection->alpn->context);
	connection->in = BIO_new(BIO_s_mem());
	connection->out = BIO_new(BIO_s_mem());
	if (connection->tls == NULL || connection->in == NULL || connection->out == NULL) {
		BIO_free(connection->in);
		BIO_free(connection->out);
		alpn_end(connection);
		ERR_clear_error();
		return NULL;
	}
	SSL_set_bio(connection->tls, connection->in, connection->out);
	SSL_set_accept_state(connection->tls);
	return connection;
}

/* Continues the handshake as far as possible. */
static void
shake_hands(struct connection *connection)
{
	int result, why;

	if (connection->over)
		return;
	ERR_clear_error();
	result = SSL_do_handshake(connection->tls);
	why = SSL_get_error(connection->tls, result);
	if (result == 1) {
		SSL_shutdown(connection->tls);
		connection->over = 1;
	} else if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
		connection->over = 1;
	}
	ERR_clear_error();
}

static int
not_yet(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* Returns 1 if all is sent, 0 if the socket is full, -1 if the connection broke. */
static int
send_waiting(struct connection *connection)
{
	char *bytes;
	long length;

	while ((length = BIO_get_mem_data(connection->out, &bytes)) > 0) {
		char dropped[4096];
		ssize_t sent =
			send(connection->descriptor, bytes,
			     (size_t)length < sizeof(dropped) ? (size_t)length : sizeof(dropped),
			     MSG_NOSIGNAL);

		if (sent < 0)
			return not_yet() ? 0 : -1;
		BIO_read(connection->out, dropped, (int)sent);
	}
	return 1;
}

/* Returns 1 if there were bytes, 0 if there are none now, -1 at the end. */
static int
receive(struct connection *connection)
{
	char bytes[4096];
	ssize_t got = recv(connection->descriptor, bytes, sizeof(bytes), 0);

	if (got < 0)
		return not_yet() ? 0 : -1;
	if (got == 0 || connection->received > INPUT_MAX)
		return -1;
	connection->received += (size_t)got;
	/* Bytes after the handshake are read and dropped, or the kernel would reset the
	 * connection. */
	if (!connection->over)
		BIO_write(connection->in, bytes, (int)got);
	return 1;
}

static short
alpn_ready(void *state)
{
	struct connection *connection = state;
	int sent;

	/* If bytes wait to be sent, the socket is ready for writing. */
	if (BIO_pending(connection->out) == 0 && receive(connection) < 0)
		return 0;
	shake_hands(connection);
	sent = send_waiting(connection);
	if (sent < 0)
		return 0;
	if (sent == 0)
		return POLLOUT;
	if (connection->over && !connection->shut) {
		connection->shut = 1;
		shutdown(connection->descriptor, SHUT_WR);
	}
	return POLLIN;
}

const struct protocol alpn_protocol = {alpn_begin, alpn_ready, alpn_end};
