/* The files of TLS parameters, in the configuration directory. */
#include <stdlib.h>
#include "../common/memory.h"
#include "../common/policy_file.h"
#include "tls.h"

static const char options_head[] = "# TLS parameters of the sites whose certificates certwright "
				   "installs in nginx. The file is\n"
				   "# kept up to date as long as it is not edited.\n"
				   "\n"
				   "ssl_session_cache shared:certwright:10m;\n"
				   "ssl_session_timeout 1d;\n";
static const char options_tickets[] = "ssl_session_tickets off;\n";
static const char options_tls12[] = "\nssl_protocols TLSv1.2;\n";
static const char options_tls13[] = "\nssl_protocols TLSv1.2 TLSv1.3;\n";
static const char options_tail[] =
	"ssl_prefer_server_ciphers off;\n"
	"ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
	"ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
	"DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305;\n";

/* The group ffdhe2048 of RFC 7919. */
static const char dh_parameters[] =
	"-----BEGIN DH PARAMETERS-----\n"
	"MIIBCAKCAQEA//////////+t+FRYortKmq/cViAnPTzx2LnFg84tNpWp4TZBFGQz\n"
	"+8yTnc4kmz75fS/jY2MMddj2gbICrsRhetPfHtXV/WVhJDP1H18GbtCFY2VVPe0a\n"
	"87VXE15/V8k1mE8McODmi3fipona8+/och3xWKE2rec1MKzKT0g6eXq8CrGCsyT7\n"
	"YdEIqUuyyOP7uWrat2DX9GgdT0Kj3jlN9K5W7edjcrsZCwenyO4KbXCeAvzhzffi\n"
	"7MA0BM0oNC9hkXL+nOmFg/+OTxIy7vKBg8P+OxtMb61zO7X8vC7CIAXFjvGDfRaD\n"
	"ssbzSibBsu/6iGtCOGEoXJf//////////wIBAg==\n"
	"-----END DH PARAMETERS-----\n";

/* Digests of the files that Certbot 2.1 installs. */
static const char *const known_digests[] = {
	"f5615544105c4eee44f02a604e3e9ae55b3d5bad247160bb18731a0ac531af02",
	"05a799c4db12f8e15e68219c98056824cbd5ae7b05863225318ae112f343880b",
	"dc81acfd9670f137d5abbccfe3438d9306d4b6a906439b0fbf6a6756272e7cc7",
	"5e21cc66989f26ec46116d979421e538131cf8ab33ffff3f682fbfe491b0ace8", NULL};

static char *
options_text(const struct program *program)
{
	return memory_format("%s%s%s%s", options_head,
			     program->version >= NGINX_VERSION(1, 5, 9) ? options_tickets : "",
			     program->version >= NGINX_VERSION(1, 13, 0) ? options_tls13
									 : options_tls12,
			     options_tail);
}

int
tls_options_install(struct nginx *nginx, char **options, char **parameters)
{
	autofree char *text = options_text(&nginx->program);
	const struct policy_file options_file = {"options-ssl-nginx.conf", text, known_digests};
	const struct policy_file parameters_file = {"ssl-dhparams.pem", dh_parameters,
						    known_digests};
	int status = policy_file_install(nginx->host, &options_file, options);

	return status == CW_OK ? policy_file_install(nginx->host, &parameters_file, parameters)
			       : status;
}
