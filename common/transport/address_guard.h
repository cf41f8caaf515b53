#pragma once
/*
 * Which addresses may be connected to (SSRF): asked with the address that a socket is about
 * to use, after every name look-up, so no spelling of a name or number goes around it.
 * Addresses that carry an IPv4 address in them (IPv4-mapped, NAT64, 6to4) are judged by
 * that one. Immutable after it was made: any thread.
 */
#include "base/err.h"

#include <stdbool.h>

struct sockaddr;
struct address_guard;

enum { ADDRESS_GUARD_E_LIST = 1 };

/*
 * `allowed` lists exceptions, "CIDR[:port],...": 127.0.0.0/8, 10.1.2.3:8443, ::1,
 * [fd00::/8]:443. Empty or NULL: none. ADDRESS_GUARD_E_LIST: `why` names the entry.
 */
int address_guard_new(const char *allowed, struct address_guard **out,
                      struct err_text *why) MUST_CHECK;
struct address_guard *address_guard_free(struct address_guard *g);
DEFINE_CLEANUP(struct address_guard *, address_guard_free);

/* False for private, loopback, link-local, metadata, multicast and reserved ranges. */
bool address_guard_allows(const struct address_guard *g, const struct sockaddr *address);

#define ADDRESS_TEXT_SIZE 64
/* "10.0.0.1:80", "[::1]:80"; returns out. */
const char *address_to_text(const struct sockaddr *address, char out[ADDRESS_TEXT_SIZE]);
