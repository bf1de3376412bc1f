/* Certificate requests of the user, in PEM. */
#ifndef MANUALE_REQUEST_H
#define MANUALE_REQUEST_H

#include <json-c/json.h>

/* Ends the program if PEM is not a certificate request. PATH is its file. */
void request_check(const char *pem, const char *path);
/* Ends the program unless the request has the names of IDENTIFIERS, an order's, and no others. */
void request_check_names(const char *pem, const char *path, struct json_object *identifiers);

#endif
