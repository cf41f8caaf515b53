#include "unit.h"

#include "transport/address_guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

static bool allows(const char *list, const char *ip, int port)
{
	struct sockaddr_storage s = { .ss_family = AF_UNSPEC };
	struct sockaddr_in in = { .sin_family = AF_INET,
		                  .sin_port = htons((uint16_t)port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		                    .sin6_port = htons((uint16_t)port) };
	CLEANUP(address_guard_freep) struct address_guard *g = NULL;
	struct err_text why;

	if (inet_pton(AF_INET, ip, &in.sin_addr) == 1)
		memcpy(&s, &in, sizeof(in));
	else if (inet_pton(AF_INET6, ip, &in6.sin6_addr) == 1)
		memcpy(&s, &in6, sizeof(in6));
	else
		fail_msg("%s is no address", ip);
	assert_int_equal(address_guard_new(list, &g, &why), 0);
	return address_guard_allows(g, (struct sockaddr *)&s);
}

static void only_public_addresses_are_allowed(void **state)
{
	static const struct {
		const char *ip;
		bool allowed;
	} cases[] = {
		{ .ip = "8.8.8.8", .allowed = true },
		{ .ip = "99.255.255.255", .allowed = true },
		{ .ip = "128.0.0.1", .allowed = true },
		{ .ip = "172.15.255.255", .allowed = true },
		{ .ip = "172.32.0.0", .allowed = true },
		{ .ip = "223.255.255.255", .allowed = true },
		{ .ip = "2606:4700::1111", .allowed = true },
		{ .ip = "64:ff9b::808:808", .allowed = true }, /* NAT64 of 8.8.8.8 */
		{ .ip = "2002:808:808::1", .allowed = true },  /* 6to4 of 8.8.8.8 */
		{ .ip = "::ffff:8.8.8.8", .allowed = true },
		{ .ip = "0.0.0.0" },
		{ .ip = "0.1.2.3" },
		{ .ip = "10.0.0.1" },
		{ .ip = "100.64.0.1" },
		{ .ip = "100.100.100.200" },
		{ .ip = "100.127.255.255" },
		{ .ip = "127.0.0.1" },
		{ .ip = "127.255.255.255" },
		{ .ip = "168.63.129.16" },
		{ .ip = "169.254.169.254" },
		{ .ip = "172.16.0.1" },
		{ .ip = "172.31.255.255" },
		{ .ip = "192.168.1.1" },
		{ .ip = "198.19.0.1" },
		{ .ip = "224.0.0.1" },
		{ .ip = "255.255.255.255" },
		{ .ip = "::" },
		{ .ip = "::1" },
		{ .ip = "::127.0.0.1" },
		{ .ip = "::ffff:127.0.0.1" },
		{ .ip = "::ffff:10.0.0.1" },
		{ .ip = "64:ff9b::a00:1" },     /* NAT64 of 10.0.0.1 */
		{ .ip = "64:ff9b::a9fe:a9fe" }, /* of 169.254.169.254 */
		{ .ip = "64:ff9b:1::1" },
		{ .ip = "2002:7f00:1::" }, /* 6to4 of 127.0.0.1 */
		{ .ip = "2001:0:1::1" },   /* Teredo */
		{ .ip = "fc00::1" },
		{ .ip = "fd00:ec2::254" },
		{ .ip = "fe80::1" },
		{ .ip = "ff02::1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (allows(NULL, cases[i].ip, 443) != cases[i].allowed)
			fail_msg("%s", cases[i].ip);
}

static void exceptions_allow_what_they_name_and_no_more(void **state)
{
	static const struct {
		const char *list, *ip;
		int port;
		bool allowed;
	} cases[] = {
		{ .list = "127.0.0.0/8,::1",
		  .ip = "127.0.0.1",
		  .port = 1,
		  .allowed = true },
		{ .list = "127.0.0.0/8, ::1", .ip = "::1", .port = 1, .allowed = true },
		{ .list = "127.0.0.0/8",
		  .ip = "::ffff:127.1.2.3",
		  .port = 1,
		  .allowed = true },
		{ .list = "127.0.0.0/8", .ip = "10.0.0.1", .port = 1 },
		{ .list = "127.0.0.0/8", .ip = "::1", .port = 1 },
		{ .list = "10.0.0.0/9:443",
		  .ip = "10.1.1.1",
		  .port = 443,
		  .allowed = true },
		{ .list = "10.0.0.0/9:443", .ip = "10.1.1.1", .port = 80 },
		{ .list = "10.0.0.0/9:443", .ip = "10.128.1.1", .port = 443 },
		{ .list = "10.1.2.3:80", .ip = "10.1.2.3", .port = 80, .allowed = true },
		{ .list = "10.1.2.3:80", .ip = "10.1.2.4", .port = 80 },
		{ .list = "[fd00::/8]:443", .ip = "fd12::1", .port = 443, .allowed = true },
		{ .list = "[fd00::/8]:443", .ip = "fd12::1", .port = 80 },
		{ .list = "[::1]:80", .ip = "::1", .port = 80, .allowed = true },
		{ .list = "[::1]:80", .ip = "::1", .port = 81 },
		{ .list = "0.0.0.0/0", .ip = "127.0.0.1", .port = 80, .allowed = true },
		{ .list = "0.0.0.0/0", .ip = "::1", .port = 80 },
		{ .list = "", .ip = "127.0.0.1", .port = 80 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (allows(cases[i].list, cases[i].ip, cases[i].port) != cases[i].allowed)
			fail_msg("%s with %s", cases[i].ip, cases[i].list);
}

static void a_list_that_cannot_be_read_is_refused(void **state)
{
	static const char *const lists[] = {
		"localhost",       "127.0.0.0/33", "127.0.0.1:0",
		"127.0.0.1:65536", "::1/129",      "10.0.0.0/8,what",
		"127.0.0.1:http",  "/8",           "10.0.0.0/-1",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
		struct address_guard *g = NULL;
		struct err_text why;

		if (address_guard_new(lists[i], &g, &why) != ADDRESS_GUARD_E_LIST)
			fail_msg("%s", lists[i]);
		assert_null(g);
	}
}

static void other_families_are_refused(void **state)
{
	CLEANUP(address_guard_freep) struct address_guard *g = NULL;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct err_text why;

	assert_int_equal(address_guard_new("0.0.0.0/0,::/0", &g, &why), 0);
	assert_false(address_guard_allows(g, (struct sockaddr *)&un));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_public_addresses_are_allowed),
		cmocka_unit_test(exceptions_allow_what_they_name_and_no_more),
		cmocka_unit_test(a_list_that_cannot_be_read_is_refused),
		cmocka_unit_test(other_families_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
