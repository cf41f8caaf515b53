#include "transport/address_guard.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

/* An address as 16 bytes, IPv4 in its mapped form: one comparison serves both. */
struct network {
	unsigned char bytes[16];
	int bits; /* of 128 */
	int port; /* 0 = any */
};

struct address_guard {
	size_t n_allowed;
	struct network allowed[];
};

static const unsigned char mapped_prefix[12] = { [10] = 0xff, [11] = 0xff };

/* Everything that is not plainly out on the internet. */
static const char *const refused[] = {
	"0.0.0.0/8",       /* this host */
	"10.0.0.0/8",      /* private */
	"100.64.0.0/10",   /* carrier-grade NAT; some clouds' metadata */
	"127.0.0.0/8",     /* loopback */
	"168.63.129.16",   /* a cloud's metadata, in a public range */
	"169.254.0.0/16",  /* link-local; most clouds' metadata */
	"172.16.0.0/12",   /* private */
	"192.0.0.0/24",    /* protocol assignments */
	"192.0.2.0/24",    /* documentation */
	"192.88.99.0/24",  /* 6to4 relays */
	"192.168.0.0/16",  /* private */
	"198.18.0.0/15",   /* benchmarks */
	"198.51.100.0/24", /* documentation */
	"203.0.113.0/24",  /* documentation */
	"224.0.0.0/4",     /* multicast */
	"240.0.0.0/4",     /* reserved, broadcast */
	"::/127",          /* unspecified, loopback */
	"64:ff9b:1::/48",  /* local NAT64 */
	"100::/64",        /* discard */
	"2001::/23",       /* protocol assignments, Teredo among them */
	"2001:db8::/32",   /* documentation */
	"3fff::/20",       /* documentation */
	"5f00::/16",       /* segment routing */
	"fc00::/7",        /* unique local */
	"fe80::/10",       /* link-local */
	"fec0::/10",       /* site-local */
	"ff00::/8",        /* multicast */
};

static bool parse_number(const char *text, int most, int *out)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	long value = strtol(text, &end, 10);
	*out = (int)value;
	return *end == '\0' && value <= most;
}

static bool parse_ip(const char *text, struct network *out, int *width)
{
	if (inet_pton(AF_INET, text, out->bytes + 12) == 1) {
		memcpy(out->bytes, mapped_prefix, sizeof(mapped_prefix));
		*width = 32;
		return true;
	}
	*width = 128;
	return inet_pton(AF_INET6, text, out->bytes) == 1;
}

/* Cuts ":port" off; an IPv6 address has it only behind a bracket or a prefix length. */
static bool take_port(char *text, int *port)
{
	char *bracket = strchr(text, ']');
	char *slash = strchr(text, '/');
	char *colon = strrchr(text, ':');

	*port = 0;
	if (!colon || (bracket && colon < bracket))
		return true;
	if (!bracket && strchr(text, ':') != colon && (!slash || colon < slash))
		return true;
	*colon = '\0';
	return parse_number(colon + 1, 65535, port) && *port > 0;
}

/* Removes '[' and ']', wherever the prefix length stands. */
static void drop_brackets(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (*text != '[' && *text != ']')
			*to++ = *text;
	*to = '\0';
}

static bool parse_network(const char *entry, size_t len, struct network *out)
{
	char text[ADDRESS_TEXT_SIZE];
	int width, bits;

	if (len == 0 || len >= sizeof(text))
		return false;
	memcpy(text, entry, len);
	text[len] = '\0';
	if (!take_port(text, &out->port))
		return false;
	drop_brackets(text);
	char *slash = strchr(text, '/');
	if (slash)
		*slash = '\0';
	if (!parse_ip(text, out, &width))
		return false;
	bits = width;
	if (slash && !parse_number(slash + 1, width, &bits))
		return false;
	out->bits = 128 - width + bits;
	return true;
}

static size_t count_entries(const char *list)
{
	size_t n = 1;

	for (; *list; list++)
		n += *list == ',';
	return n;
}

int address_guard_new(const char *allowed, struct address_guard **out, struct err_text *why)
{
	const char *at = allowed ? allowed : "";
	CLEANUP(address_guard_freep)
	struct address_guard *g =
		xcalloc(1, sizeof(*g) + count_entries(at) * sizeof(g->allowed[0]));

	while (*at) {
		at += strspn(at, " \t,");
		size_t len = strcspn(at, " \t,");

		if (len == 0)
			break;
		if (!parse_network(at, len, &g->allowed[g->n_allowed++]))
			return err_say(why, ADDRESS_GUARD_E_LIST,
			               "ALLOW_PRIVATE_DESTINATIONS: \"%.*s\" is not "
			               "CIDR[:port]; write 10.0.0.0/8 or [fd00::/8]:443",
			               (int)(len < 64 ? len : 64), at);
		at += len;
	}
	*out = STEAL(g);
	return 0;
}

struct address_guard *address_guard_free(struct address_guard *g)
{
	free(g);
	return NULL;
}

static bool in_network(const struct network *net, const unsigned char bytes[16])
{
	int whole = net->bits / 8, rest = net->bits % 8;

	if (memcmp(net->bytes, bytes, (size_t)whole) != 0)
		return false;
	return rest == 0 || (net->bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0;
}

/* Turns addresses that stand for an IPv4 address into the mapped form of that one. */
static void unwrap(unsigned char bytes[16])
{
	static const struct {
		const char *network;
		size_t at; /* of the IPv4 address */
	} forms[] = {
		{ .network = "64:ff9b::/96", .at = 12 }, /* NAT64 */
		{ .network = "2002::/16", .at = 2 },     /* 6to4 */
		{ .network = "::/96", .at = 12 },        /* IPv4-compatible */
	};
	static const unsigned char small[15];

	if (memcmp(bytes, small, sizeof(small)) == 0)
		return; /* :: and ::1 are themselves */
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct network net;

		if (!parse_network(forms[i].network, strlen(forms[i].network), &net) ||
		    !in_network(&net, bytes))
			continue;
		memmove(bytes + 12, bytes + forms[i].at, 4);
		memcpy(bytes, mapped_prefix, sizeof(mapped_prefix));
		return;
	}
}

static bool read_address(const struct sockaddr *address, unsigned char bytes[16], int *port)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, address, sizeof(in));
		memcpy(bytes, mapped_prefix, sizeof(mapped_prefix));
		memcpy(bytes + 12, &in.sin_addr, 4);
		*port = ntohs(in.sin_port);
		return true;
	}
	if (address->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, address, sizeof(in6));
		memcpy(bytes, &in6.sin6_addr, 16);
		*port = ntohs(in6.sin6_port);
		return true;
	}
	return false;
}

static bool is_refused(const unsigned char bytes[16])
{
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		struct network net;

		if (parse_network(refused[i], strlen(refused[i]), &net) &&
		    in_network(&net, bytes))
			return true;
	}
	return false;
}

bool address_guard_allows(const struct address_guard *g, const struct sockaddr *address)
{
	unsigned char bytes[16];
	int port;

	if (!read_address(address, bytes, &port))
		return false;
	unwrap(bytes);
	for (size_t i = 0; i < g->n_allowed; i++) {
		const struct network *net = &g->allowed[i];

		if ((net->port == 0 || net->port == port) && in_network(net, bytes))
			return true;
	}
	return !is_refused(bytes);
}

const char *address_to_text(const struct sockaddr *address, char out[ADDRESS_TEXT_SIZE])
{
	char ip[INET6_ADDRSTRLEN] = "?";
	unsigned char bytes[16];
	int port = 0;

	if (read_address(address, bytes, &port))
		(void)inet_ntop(address->sa_family,
		                address->sa_family == AF_INET ? bytes + 12 : bytes, ip,
		                sizeof(ip));
	(void)snprintf(out, ADDRESS_TEXT_SIZE,
	               address->sa_family == AF_INET6 ? "[%s]:%d" : "%s:%d", ip, port);
	return out;
}
