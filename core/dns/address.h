/* Addresses of name servers. */
#ifndef CW_DNS_ADDRESS_H
#define CW_DNS_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include "base/error.h"

struct cw_dns_address {
	struct sockaddr_storage address;
	socklen_t length;
};

/* Reads "192.0.2.1", "192.0.2.1:53", "2001:db8::1" or "[2001:db8::1]:53". The default port is 53.
 * Returns false for anything else. */
bool cw_dns_parse_address(const char *text, struct cw_dns_address *address);
/* Writes the address as text, without the port. Release with free(). */
char *cw_dns_format_address(const struct cw_dns_address *address);
void cw_dns_set_port(struct cw_dns_address *address, uint16_t port);
uint16_t cw_dns_port(const struct cw_dns_address *address);
/* Whether both have the same host; ports are ignored. */
bool cw_dns_same_host(const struct cw_dns_address *a, const struct cw_dns_address *b);

/* Finds the resolvers to use, at most MAX (1 or more): the one in SETTING (--dns-resolver), or
 * those of /etc/resolv.conf if SETTING is NULL. CW_E_INVALID if SETTING is not an address. */
int cw_dns_resolvers(const char *setting, struct cw_dns_address *resolvers, size_t max,
		     size_t *count, struct cw_error *error);

#endif
