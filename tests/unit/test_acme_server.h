/*
 * An ACME server without a network for the tests of acme/: it stands where cw_http_start() is
 * (linked with --wrap), and answers from a script.
 */
#ifndef TEST_ACME_SERVER_H
#define TEST_ACME_SERVER_H

#include "acme_wait.h"
#include "base/json.h"
#include "base/loop.h"
#include "crypto/jws.h"

#define CA "https://ca.example"
#define URN "urn:ietf:params:acme:error:"

/* Empties the script, scripts directory, nonces and account, and makes loop and client. */
void server_start(void);
/* Frees the client and the loop; fails the test when an exchange is left over. */
void server_stop(void);
/* The two as cmocka calls them, for tests without a state of their own. */
int server_set_up(void **state);
int server_tear_down(void **state);
extern struct cw_loop *server_loop;
extern struct cw_acme *server_acme;
extern const struct cw_signer server_signer;
/* cw_acme_new() alone, for a directory that was scripted after server_start(). */
int server_connect(struct cw_acme **acme, struct cw_error *error);
/* The same with what an earlier run left; NULL: nothing. */
int server_connect_given(const char *directory, const char *nonce, struct cw_acme **acme,
			 struct cw_error *error);

/*
 * The next answer to PATH (below CA): a status (0: the connection breaks), headers as "name: value"
 * lines joined by '\n' (NULL: none), a body. The last answer for a path is given again and again.
 * A Replay-Nonce is added to every answer but a broken one.
 */
void server_on(const char *path, int status, const char *headers, const char *body);
/* The same with a problem document of this short type. */
void server_problem(const char *path, int status, const char *headers, const char *type,
		    const char *detail);
/* Forgets the answers to PATH. */
void server_forget(const char *path);
/* Answers no more; exchanges stay open. */
void server_hang(const char *path);

/* How often PATH was asked for, and the payload of the last POST ("" for POST-as-GET). */
size_t server_count(const char *path);
/* How many requests there were at all. */
size_t server_total(void);
const char *server_payload(const char *path);
/* The protected header of the last POST. */
struct json_object *server_header(const char *path);
/* The most exchanges that were in flight at once. */
size_t server_peak(void);

#endif
