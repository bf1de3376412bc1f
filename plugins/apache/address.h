/* Addresses as in <VirtualHost ADDRESS[:PORT] ...> and Listen [ADDRESS:]PORT [PROTOCOL]. */
#ifndef APACHE_ADDRESS_H
#define APACHE_ADDRESS_H

#include "model.h"

enum { ADDRESS_MAX = 8 /* of one host name */ };

/* Parses one address of a virtual host, which without a port has OTHERWISE. A name may have several
 * addresses. Returns how many; 0 if the name is unknown or the text is not an address. */
size_t address_parse(struct arena *arena, const char *text, unsigned otherwise,
		     struct address found[ADDRESS_MAX]);
/* Parses the arguments of Listen; false if they are none. */
bool listen_parse(struct arena *arena, const char *arguments, struct listen *listen);

#endif
