#include "unit.h"

#include "inbound/capture.h"
#include "inbound/directory.h"
#include "inbound/references.h"
#include "message/inbound_call.h"
#include "secrets/keyring.h"

#include <arpa/inet.h>
#include <stdio.h>

static const struct {
	const char *target;
	const char *segments; /* joined by | */
	const char *query;
} targets[] = {
	{ "/", "", "" },
	{ "/a/b", "a|b", "" },
	{ "//a///b//?x=1&y=2", "a|b", "x=1&y=2" },
	{ "/a?b/c", "a", "b/c" },
	{ "/a?", "a", "" },
	{ "*", "*", "" },
};

static void target_has_parts(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		struct buf joined = BUF_INIT(0);
		struct target t;

		target_parse(targets[i].target, strlen(targets[i].target), &t);
		for (size_t k = 0; k < t.n_segments; k++) {
			if (k)
				buf_append_char(&joined, '|');
			buf_append(&joined, t.text + t.segment[k].at, t.segment[k].len);
		}
		assert_string_equal(buf_str(&joined), targets[i].segments);
		assert_int_equal(t.query.len, strlen(targets[i].query));
		assert_memory_equal(t.text + t.query.at, targets[i].query, t.query.len);
		buf_deinit(&joined);
	}
}

static const struct {
	const char *target;
	size_t at, len; /* of the key */
	const char *shown;
} masked[] = {
	{ "/a/KEY/b?c=d", 3, 3, "/a/****/b?c=d" },
	{ "/a?token=KEY&x=1", 9, 3, "/a?token=****&x=1" },
	{ "/a?token=other&mobile=9", 0, 0, "/a?token=***&mobile=9" },
	{ "/a?password&x=&=y", 0, 0, "/a?password&x=&=y" },
	{ "/KEY", 1, 3, "/****" },
	{ "/a?", 0, 0, "/a?" },
};

static void target_is_shown_without_secrets(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(masked); i++) {
		const struct target_mask mask = { .at = { masked[i].at, masked[i].len },
			                          .shown = "****" };
		struct buf out = BUF_INIT(0);
		struct target t;

		target_parse(masked[i].target, strlen(masked[i].target), &t);
		target_append_masked(&t, &mask, 1, &out);
		assert_string_equal(buf_str(&out), masked[i].shown);
		buf_deinit(&out);
	}
}

static const struct {
	const char *block;
	const char *address;
	bool holds;
} blocks[] = {
	{ "10.0.0.0/8", "10.255.1.2", true },
	{ "10.0.0.0/8", "11.0.0.1", false },
	{ "192.0.2.9", "192.0.2.9", true },
	{ "192.0.2.9", "192.0.2.8", false },
	{ "0.0.0.0/0", "8.8.8.8", true },
	{ "192.0.2.128/25", "192.0.2.127", false },
	{ "::1", "::1", true },
	{ "2001:db8::/33", "2001:db8:7fff::1", true },
	{ "2001:db8::/33", "2001:db8:8000::1", false },
	{ "10.0.0.0/8", "::ffff:10.1.2.3", true },
	{ "::/0", "10.1.2.3", false },
};

static void address_is_in_a_block(void **state)
{
	static const char *const wrong[] = { "",    "10",      "10.0.0.0/33", "10.0.0.0/",
		                             "a/8", "::1/129", "10.0.0.0/8x" };
	struct address_block block, address;

	for (size_t i = 0; i < ARRAY_SIZE(blocks); i++) {
		assert_true(address_block_parse(blocks[i].block, strlen(blocks[i].block),
		                                &block));
		assert_true(address_block_parse(blocks[i].address,
		                                strlen(blocks[i].address), &address));
		if (address_block_holds(&block,
		                        (const struct sockaddr *)&address.address) !=
		    blocks[i].holds)
			fail_msg("%s in %s", blocks[i].address, blocks[i].block);
	}
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(address_block_parse(wrong[i], strlen(wrong[i]), &block));
}

static const struct {
	const char *rules, *request, *response, *end_point;
	int64_t bill_id;
} references[] = {
	{ "bill_id response.billId\n", NULL, "{\"billId\": 5}", NULL, 5 },
	{ "bill_id response.billId\n", NULL, "{\"billId\": \"5\"}", NULL, 5 },
	{ "bill_id response.billId\nbill_id request.billId\n", "{\"billId\": 6}", "{}",
	  NULL, 6 },
	{ "bill_id request.a.0.b\n", "{\"a\": [{\"b\": 7}]}", NULL, NULL, 7 },
	{ "bill_id request.billId\n", "x=1&billId=8", NULL, NULL, 8 },
	{ "bill_id query.billId\n", NULL, NULL, "/a?token=x&billId=9", 9 },
	{ "bill_id query.billId\n", NULL, NULL, "/billId=9", 0 },
	{ "bill_id response.billId\n", NULL, "{\"billId\": -5}", NULL, 0 },
	{ "bill_id response.billId\n", NULL, "not JSON", NULL, 0 },
	{ "nonsense response.billId\n\nbill_id\n", NULL, "{\"billId\": 5}", NULL, 0 },
	{ NULL, NULL, "{\"billId\": 5}", NULL, 0 },
};

static void references_are_found(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(references); i++) {
		struct inbound_call call = { .request_body = references[i].request,
			                     .response_body = references[i].response,
			                     .end_point = references[i].end_point };

		references_find(references[i].rules, &call);
		if (call.bill_id != references[i].bill_id)
			fail_msg("case %zu: %lld", i, (long long)call.bill_id);
	}
}

/* ---- who calls what ---- */

struct fixture {
	struct secrets_config config;
	struct keyring *keys;
	struct directory *directory;
};

static const struct developer_cells developers[] = {
	{ .id = "1",
	  .auth_key = "key-of-one-123",
	  .lab_id = "17",
	  .org_id = "3",
	  .name = "One",
	  .enabled = "t" },
	{ .id = "2",
	  .auth_key = "key-of-two-456",
	  .lab_id = "18",
	  .name = "Two",
	  .enabled = "f",
	  .rate = "2.5",
	  .addresses = "{10.0.0.0/8,::1/128}" },
	{ .id = "3", .auth_key = "key-of-one-123", .lab_id = "19", .enabled = "t" },
	{ .id = "4", .auth_key = "", .lab_id = "20", .enabled = "t" },
};

static const struct route_cells routes[] = {
	{ .id = "1", .path = "/bill/{key}/", .operation = "bill" },
	{ .id = "2",
	  .path = "/a/*/c",
	  .method = "POST",
	  .operation = "abc",
	  .keys = "{query:k,header:x-k}" },
	{ .id = "3",
	  .path = "/a",
	  .operation = "a",
	  .unknown_key = "refuse",
	  .capture = "headers" },
};

static int open_directory(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct err_text why;

	f->config.key = xstrdup("0123456789abcdef0123");
	f->keys = keyring_new(&f->config);
	f->directory = directory_new(1, f->keys);
	for (size_t i = 0; i < ARRAY_SIZE(developers); i++)
		directory_add_developer(f->directory, &developers[i]);
	for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
		assert_int_equal(directory_add_route(f->directory, &routes[i], &why), 0);
	*state = f;
	return 0;
}

static int close_directory(void **state)
{
	struct fixture *f = *state;

	f->directory = directory_unref(f->directory);
	f->keys = keyring_free(f->keys);
	free(f->config.key);
	free(f);
	return 0;
}

static void keys_are_found_by_hash(void **state)
{
	const struct fixture *f = *state;
	unsigned char hashes[2][AUTH_KEY_HASH_SIZE];
	char hex[AUTH_KEY_HEX_SIZE];
	struct developer_cells sealed = { .id = "9",
		                          .auth_key = NULL,
		                          .auth_key_hash = hex,
		                          .lab_id = "21",
		                          .enabled = "t" };

	assert_int_equal(directory_size(f->directory), 2);
	const struct developer *one = directory_find(f->directory, "key-of-one-123", 14, 0);
	assert_int_equal(one->lab_id, 17); /* the first one */
	const struct developer *two = directory_find(f->directory, "key-of-two-456", 14, 0);
	assert_false(two->enabled);
	assert_true(two->rate == 2.5);
	assert_int_equal(two->n_addresses, 2);
	assert_null(directory_find(f->directory, "key-of-one-12", 13, 0));
	assert_null(directory_find(f->directory, "", 0, 0));

	assert_int_equal(keyring_auth_key_hashes(f->keys, "sealed-one", 10, hashes), 1);
	(void)keyring_hash_to_hex(hashes[0], hex);
	directory_add_developer(f->directory, &sealed);
	assert_int_equal(directory_find(f->directory, "sealed-one", 10, 0)->lab_id, 21);
}

static void a_replaced_key_counts_until_its_time(void **state)
{
	const struct fixture *f = *state;
	const struct developer_cells old = { .id = "1",
		                             .auth_key = "key-before-it",
		                             .lab_id = "17",
		                             .enabled = "t",
		                             .until_ms = "1000" };
	const struct developer_cells orphan = { .id = "77",
		                                .auth_key = "key-of-who-has-none",
		                                .lab_id = "19",
		                                .until_ms = "1000" };

	directory_add_developer(f->directory, &old);
	directory_add_developer(f->directory, &orphan);
	struct developer *now = directory_find(f->directory, "key-of-one-123", 14, 5000);
	assert_non_null(now);
	/* the same developer, and so the same bucket */
	assert_ptr_equal(directory_find(f->directory, "key-before-it", 13, 999), now);
	assert_null(directory_find(f->directory, "key-before-it", 13, 1000));
	assert_int_equal(directory_find(f->directory, "key-of-who-has-none", 19, 0)->lab_id,
	                 19);
}

static void many_keys_are_found(void **state)
{
	const struct fixture *f = *state;
	char key[32], id[16];

	for (int i = 0; i < 2000; i++) {
		const struct developer_cells cells = {
			.id = id, .auth_key = key, .lab_id = id, .enabled = "t"
		};

		(void)snprintf(key, sizeof(key), "generated-%d", i);
		(void)snprintf(id, sizeof(id), "%d", i + 100);
		directory_add_developer(f->directory, &cells);
	}
	for (int i = 0; i < 2000; i++) {
		(void)snprintf(key, sizeof(key), "generated-%d", i);
		/* the second time both are recalled */
		for (int turn = 0; turn < 2; turn++) {
			assert_int_equal(
				directory_find(f->directory, key, strlen(key), 0)->lab_id,
				i + 100);
			assert_null(
				directory_find(f->directory, key + 1, strlen(key) - 1, 0));
		}
	}
}

static const struct {
	const char *method, *target, *header, *value;
	const char *operation; /* NULL: the fallback */
	int64_t lab_id;        /* 0: unknown */
	bool present;
	const char *shown;
} calls[] = {
	{ "POST", "/bill/key-of-one-123/", NULL, NULL, "bill", 17, true, "****-123" },
	{ "POST", "/bill/key-of-one-123", NULL, NULL, "bill", 17, true, "****-123" },
	{ "POST", "/bill/key%2Dof-one-123/x", NULL, NULL, "bill", 17, true, "****-123" },
	{ "POST", "/bill", "x-auth-key", "key-of-one-123", "bill", 17, true, "****-123" },
	{ "POST", "/bill/?token=key-of-one-123", NULL, NULL, "bill", 17, true, "****-123" },
	{ "POST", "/bill/unknown-key-789/", NULL, NULL, "bill", 0, true, "****-789" },
	{ "POST", "/bill/short/", NULL, NULL, "bill", 0, true, "****" },
	{ "POST", "/bill/unknown/", "Authorization", "Bearer key-of-one-123", "bill", 17,
	  true, "****-123" },
	{ "GET", "/bill", "authorization", "Basic eDp5", "bill", 0, false, "" },
	{ "POST", "/a/b/c?k=key-of-one-123", NULL, NULL, "abc", 17, true, "****-123" },
	{ "POST", "/a/b/c", "x-auth-key", "key-of-one-123", "abc", 0, false, "" },
	{ "GET", "/a/b/c?authKey=key-of-one-123", NULL, NULL, "a", 17, true, "****-123" },
	{ "GET", "/ab", NULL, NULL, NULL, 0, false, "" },
	{ "GET", "/x/key-of-two-456/y", NULL, NULL, NULL, 18, true, "****-456" },
	{ "GET", "/x/unknown/y", NULL, NULL, NULL, 0, false, "" },
};

static void a_call_has_a_route_and_a_key(void **state)
{
	const struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		const struct http1_header header = {
			.name = calls[i].header,
			.value = calls[i].value,
			.name_len = calls[i].header ? strlen(calls[i].header) : 0,
			.value_len = calls[i].value ? strlen(calls[i].value) : 0,
		};
		const struct http1_head head = { .headers = &header,
			                         .n_headers = calls[i].header != NULL };
		struct presented_key key;
		struct target t;

		target_parse(calls[i].target, strlen(calls[i].target), &t);
		const struct inbound_route *r =
			directory_route(f->directory, calls[i].method, &t);
		directory_key(f->directory, r, &head, &t, 0, &key);
		if (strcmp(r->operation ? r->operation : "",
		           calls[i].operation ? calls[i].operation : "") != 0)
			fail_msg("%s: operation %s", calls[i].target, r->operation);
		if ((key.developer ? key.developer->lab_id : 0) != calls[i].lab_id ||
		    key.present != calls[i].present ||
		    (key.present && strcmp(key.shown, calls[i].shown) != 0))
			fail_msg("%s: key %s", calls[i].target, key.shown);
	}
}

static void a_wrong_route_says_why(void **state)
{
	static const struct {
		struct route_cells cells;
		const char *column;
	} wrong[] = {
		{ { .path = "/", .keys = "{cookie}" }, "keys" },
		{ { .path = "/", .keys = "{header:}" }, "keys" },
		{ { .path = "/", .capture = "some" }, "capture" },
		{ { .path = "/", .references = "[]" }, "refs" },
		{ { .path = "/", .references = "{\"x\": \"response.x\"}" }, "refs" },
		{ { .path = "/", .references = "{\"bill_id\": [\"body.x\"]}" }, "refs" },
	};
	const struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct err_text why = { "" };

		assert_int_not_equal(
			directory_add_route(f->directory, &wrong[i].cells, &why), 0);
		assert_non_null(strstr(why.text, wrong[i].column));
	}
}

/* ---- what is kept ---- */

static void a_capture_survives_the_disk_and_becomes_a_message(void **state)
{
	struct capture c = { 0 }, back;
	struct buf piece = BUF_INIT(0), json = BUF_INIT(0);
	struct inbound_call call;
	struct err_text why = { "" };

	c.number[CAPTURE_LAB_ID] = 17;
	c.number[CAPTURE_STATUS] = 404;
	c.number[CAPTURE_TIME_US] = 1500;
	c.number[CAPTURE_OCCURRED_MS] = 1795253400000;
	capture_set(&c, CAPTURE_RECORD_ID, "r1");
	capture_set(&c, CAPTURE_OPERATION, "bill");
	capture_set(&c, CAPTURE_END_POINT, "/bill?billId=5");
	capture_set(&c, CAPTURE_REQUEST_HEADERS, "A: 1\r\nB: \"q\"\\\r\na: 2\r\nC: \r\n");
	c.text[CAPTURE_REQUEST_BODY] = (struct capture_span){ "a\0\xff\n", 4 };
	capture_set(&c, CAPTURE_RESPONSE_BODY, "{\"error\": \"no such bill\"}");
	capture_set(&c, CAPTURE_REFERENCES, "bill_id query.billId\n");
	capture_encode(&c, &piece);
	assert_int_equal(capture_decode(piece.data, piece.len, &back), 0);
	for (size_t len = 0; len < piece.len; len++)
		if (capture_decode(piece.data, len, &back) == 0)
			fail_msg("a piece cut to %zu of %zu is taken", len, piece.len);
	assert_int_equal(capture_decode(piece.data, piece.len, &back), 0);

	capture_append_json(&back, &json);
	assert_int_equal(inbound_call_decode(json.data, json.len, &call, &why), 0);
	assert_int_equal(call.lab_id, 17);
	assert_int_equal(call.bill_id, 5);
	assert_true(call.response_time == 1.5);
	assert_string_equal(call.error_message, "no such bill");
	assert_int_equal(call.error_kind, ERROR_KIND_HTTP_STATUS);
	assert_int_equal(inbound_call_status(&call), LOG_STATUS_FAIL);
	assert_string_equal(call.request_body, "a\xef\xbf\xbd\xef\xbf\xbd\n");
	assert_string_equal(json_string_value(json_object_get(call.request_headers, "A")),
	                    "1, 2");
	assert_string_equal(json_string_value(json_object_get(call.request_headers, "B")),
	                    "\"q\"\\");
	inbound_call_release(&call);
	buf_deinit(&piece);
	buf_deinit(&json);
}

static const struct {
	const char *json;
	const char *fault; /* NULL: it is taken */
	enum log_status status;
} records[] = {
	{ "{\"record_id\": \"a\", \"operation\": \"o\", \"response_status_code\": 201}",
	  NULL, LOG_STATUS_SUCCESS },
	{ "{\"id\": 7, \"operation\": \"o\", \"lab_id\": \"17\", \"response_code\": "
	  "\"304\"}",
	  NULL, LOG_STATUS_SUCCESS },
	{ "{\"record_id\": \"a\", \"operation\": \"o\", \"response_status_code\": 302}",
	  NULL, LOG_STATUS_FAIL },
	{ "{\"record_id\": \"a\", \"operation\": \"o\"}", NULL, LOG_STATUS_FAIL },
	{ "{\"record_id\": \"a\", \"operation\": \"o\", \"response_status_code\": 200, "
	  "\"error_message\": \"broken\"}",
	  NULL, LOG_STATUS_FAIL },
	{ "{\"operation\": \"o\"}", "record_id", LOG_STATUS_FAIL },
	{ "{\"record_id\": \"a\"}", "operation", LOG_STATUS_FAIL },
	{ "{\"record_id\": \"a\", \"operation\": \"\"}", "operation", LOG_STATUS_FAIL },
	{ "{\"record_id\": \"a\", \"operation\": \"o\", \"lab_id\": -1}", "lab_id",
	  LOG_STATUS_FAIL },
	{ "{\"record_id\": \"a\", \"operation\": \"o\", \"lab_id\": null}", NULL,
	  LOG_STATUS_FAIL },
	{ "{\"record_id\": \"a\", \"operation\": \"o\", \"occurred_at\": \"soon\"}",
	  "occurred_at", LOG_STATUS_FAIL },
	{ "[]", "object", LOG_STATUS_FAIL },
	{ "{", "", LOG_STATUS_FAIL },
};

static void records_are_read_as_people_write_them(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		struct inbound_call call;
		struct err_text why = { "" };
		int result = inbound_call_decode(records[i].json, strlen(records[i].json),
		                                 &call, &why);

		if (!result != !records[i].fault)
			fail_msg("%s: %s", records[i].json, why.text);
		if (result && records[i].fault)
			assert_non_null(strstr(why.text, records[i].fault));
		if (result)
			continue;
		assert_int_equal(inbound_call_status(&call), records[i].status);
		inbound_call_release(&call);
	}
}

int main(void)
{
#define WITH_DIRECTORY(f)                                                                  \
	cmocka_unit_test_setup_teardown(f, open_directory, close_directory)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(target_has_parts),
		cmocka_unit_test(target_is_shown_without_secrets),
		cmocka_unit_test(address_is_in_a_block),
		cmocka_unit_test(references_are_found),
		WITH_DIRECTORY(keys_are_found_by_hash),
		WITH_DIRECTORY(a_replaced_key_counts_until_its_time),
		WITH_DIRECTORY(many_keys_are_found),
		WITH_DIRECTORY(a_call_has_a_route_and_a_key),
		WITH_DIRECTORY(a_wrong_route_says_why),
		cmocka_unit_test(a_capture_survives_the_disk_and_becomes_a_message),
		cmocka_unit_test(records_are_read_as_people_write_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
