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

/* "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]:53"; port 53 unless given. */
bool cw_dns_parse_address(const char *text, struct cw_dns_address *address);
/* The same without the port; release with free(). */
char *cw_dns_format_address(const struct cw_dns_address *address);
void cw_dns_set_port(struct cw_dns_address *address, uint16_t port);
uint16_t cw_dns_port(const struct cw_dns_address *address);
/* The same host, whatever the port. */
bool cw_dns_same_host(const struct cw_dns_address *a, const struct cw_dns_address *b);

/* The resolvers to ask, MAX (1 or more) at most: the one of SETTING (--dns-resolver), or those of
 * /etc/resolv.conf if that is NULL. CW_E_INVALID if SETTING is not an address. */
int cw_dns_resolvers(const char *setting, struct cw_dns_address *resolvers, size_t max,
		     size_t *count, struct cw_error *error);

#endif
