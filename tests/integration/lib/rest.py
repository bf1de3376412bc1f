"""A service with a REST API that publishes http-01 challenges, and a plugin that talks to it."""

import http.server
import json
import ssl
import threading

# Options of the plugin, as struct cw_plugin_option.
PLUGIN = r"""
#define OPTION(NAME, KIND, FLAGS, VARIABLE) { .size = sizeof(struct cw_plugin_option), .name = NAME, \
	.kind = KIND, .help = "Of the test.", .flags = FLAGS, .environment = VARIABLE }
static const struct cw_plugin_option url = OPTION("url", CW_OPTION_STRING, CW_OPTION_REQUIRED,
						  "REST_URL");
static const struct cw_plugin_option token = OPTION("token", CW_OPTION_STRING, CW_OPTION_SECRET,
						    "REST_TOKEN");
static const struct cw_plugin_option ca = OPTION("ca", CW_OPTION_PATH, 0, NULL);
static const struct cw_plugin_option client = OPTION("client", CW_OPTION_PATH, 0, NULL);
static const struct cw_plugin_option redirections = OPTION("redirections", CW_OPTION_INTEGER, 0,
							   NULL);
static const struct cw_plugin_option *const options[] = {&url, &token, &ca, &client, &redirections,
							 NULL};

static int read_pem(const char *option, char **text)
{
	const char *path = cw_host_option(host, option);
	*text = NULL;
	return path == NULL ? CW_OK : cw_host_read_private(host, path, text);
}

static int send_challenge(const char *method, const struct cw_challenge *challenge)
{
	char *quoted = cw_host_json_quote(host, challenge->key_authorization);
	char *trusted, *shown, bearer[200], address[300], body[1000];
	const char *token = cw_host_option(host, "token");
	const char *redirections = cw_host_option(host, "redirections");
	struct cw_http_header authorization = {.size = sizeof(authorization),
		.name = "Authorization", .value = bearer};
	const struct cw_http_header *const headers[] = {&authorization, NULL};
	struct cw_http_response response = {.size = sizeof(response)};
	struct cw_http_request request = {.size = sizeof(request), .method = method, .url = address,
		.headers = headers, .body = body};
	int status = read_pem("ca", &trusted);

	if (status == CW_OK)
		status = read_pem("client", &shown);
	if (status != CW_OK)
		return status;
	snprintf(bearer, sizeof(bearer), "Bearer %s", token != NULL ? token : "");
	snprintf(address, sizeof(address), "%s/challenges/%s", cw_host_option(host, "url"),
		 challenge->token);
	snprintf(body, sizeof(body), "{\"content\": %s}", quoted);
	request.body_length = strlen(body);
	request.ca_certificates = trusted;
	request.client_certificate = request.client_key = shown;
	if (redirections != NULL)
		request.redirections = (unsigned)atoi(redirections);
	status = cw_host_http(host, &request, &response);
	if (status == CW_OK && response.http_status != 200) {
		char *reason = NULL;
		if (cw_host_json_get(host, response.body, response.body_length, "/error/0/reason",
				     &reason) != CW_OK)
			reason = NULL;
		status = cw_host_fail(host, CW_E_NETWORK, NULL, "status %d, %s, served by %s",
				      response.http_status, reason != NULL ? reason : "no reason",
				      cw_host_header(&response, "x-served-by"));
		cw_host_release(host, reason);
	}
	cw_host_release_response(host, &response);
	cw_host_release(host, quoted);
	cw_host_release(host, trusted);
	cw_host_release(host, shown);
	return status;
}

static int perform(void *self, struct cw_challenge *const *challenges, size_t count)
{
	(void)self;
	for (size_t i = 0; i < count; i++) {
		int status = send_challenge("PUT", challenges[i]);
		if (status != CW_OK)
			cw_host_pass_challenge(host, challenges[i], status);
	}
	return CW_OK;
}
"""

MEMBERS = ".options = options,"


class RestService:
    """Listens on PORT for the API, with TLS if FILES (certificate, key) are given, and on HTTP_PORT
    for the CA. answer: None, or a function of the handler that answers a request itself."""

    def __init__(self, port, http_port, files=None, client_ca=None):
        self.port, self.challenges, self.requests, self.answer = port, {}, [], None
        outer = self

        class Api(http.server.BaseHTTPRequestHandler):
            """Publishes challenges."""

            def do_PUT(self):  # pylint: disable=invalid-name
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.requests.append((self.path, dict(self.headers), body))
                if outer.answer:
                    outer.answer(self)
                elif self.headers["Authorization"] != "Bearer open-sesame-7":
                    self.reply(403, {"error": [{"reason": "wrong token"}]})
                else:
                    outer.challenges[self.path.rsplit("/", 1)[1]] = json.loads(body)["content"]
                    self.reply(200, {})

            def reply(self, status, answer, **headers):
                text = json.dumps(answer).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("X-Served-By", "rest-1")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format, *args):  # pylint: disable=redefined-builtin
                pass

        class Site(Api):
            """What the CA sees."""

            def do_GET(self):  # pylint: disable=invalid-name
                found = outer.challenges.get(self.path.rsplit("/", 1)[1])
                self.send_response(200 if found else 404)
                self.end_headers()
                self.wfile.write((found or "").encode())

        self._servers = [http.server.ThreadingHTTPServer(("127.0.0.1", port), Api),
                         http.server.ThreadingHTTPServer(("127.0.0.1", http_port), Site)]
        if files:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*files)
            if client_ca:
                context.load_verify_locations(client_ca)
                context.verify_mode = ssl.CERT_REQUIRED
            self._servers[0].socket = context.wrap_socket(self._servers[0].socket,
                                                          server_side=True)
        self.url = f"{'https' if files else 'http'}://127.0.0.1:{port}"
        for server in self._servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05},
                             daemon=True).start()

    def stop(self):
        for server in self._servers:
            server.shutdown()
            server.server_close()
