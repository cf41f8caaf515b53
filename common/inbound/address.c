#include "inbound/directory.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

/* IPv4 in IPv6 is IPv4. */
static const unsigned char *bytes_of(const struct sockaddr *address, unsigned *bits)
{
	if (address->sa_family == AF_INET) {
		*bits = 32;
		return (const unsigned char *)&(
			       (const struct sockaddr_in *)(const void *)address)
		        ->sin_addr;
	}
	if (address->sa_family != AF_INET6)
		return NULL;
	const struct in6_addr *six =
		&((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
	bool mapped = IN6_IS_ADDR_V4MAPPED(six);

	*bits = mapped ? 32 : 128;
	return six->s6_addr + (mapped ? 12 : 0);
}

bool address_block_parse(const char *text, size_t len, struct address_block *out)
{
	char copy[64];
	struct sockaddr_in *four = (struct sockaddr_in *)(void *)&out->address;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)&out->address;
	unsigned most = 0;

	if (len == 0 || len >= sizeof(copy))
		return false;
	memcpy(copy, text, len);
	copy[len] = '\0';
	*out = (struct address_block){ 0 };
	char *slash = strchr(copy, '/');
	if (slash)
		*slash++ = '\0';
	if (inet_pton(AF_INET, copy, &four->sin_addr) == 1)
		four->sin_family = AF_INET;
	else if (inet_pton(AF_INET6, copy, &six->sin6_addr) == 1)
		six->sin6_family = AF_INET6;
	else
		return false;
	(void)bytes_of((const struct sockaddr *)&out->address, &most);
	char *end = NULL;
	unsigned long bits = slash ? strtoul(slash, &end, 10) : most;
	out->bits = (unsigned)bits;
	return bits <= most && (!slash || (end != slash && *end == '\0'));
}

bool address_block_holds(const struct address_block *b, const struct sockaddr *address)
{
	unsigned own_bits = 0, bits = 0;
	const unsigned char *own =
		bytes_of((const struct sockaddr *)&b->address, &own_bits);
	const unsigned char *other = bytes_of(address, &bits);

	if (!own || !other || own_bits != bits)
		return false;
	unsigned whole = b->bits / 8, rest = b->bits % 8;
	if (memcmp(own, other, whole) != 0)
		return false;
	return rest == 0 || ((own[whole] ^ other[whole]) >> (8 - rest)) == 0;
}
