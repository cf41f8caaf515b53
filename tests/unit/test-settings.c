#include "unit.h"

#include "secrets/mask.h"
#include "secrets/seal.h"
#include "settings/check.h"
#include "settings/row.h"
#include "settings/sealing.h"
#include "json/jdoc.h"

#include <string.h>

static struct keyring *keys;

static int make_keys(void **state)
{
	static char key[] = "a key of enough characters";

	keys = keyring_new(&(struct secrets_config){ .key = key });
	return 0;
}

static int free_keys(void **state)
{
	keys = keyring_free(keys);
	return 0;
}

/* A settings_say_fn: faults, a line each. */
static void note(void *buf, const char *fault)
{
	buf_printf(buf, "%s\n", fault);
}

/* A usable row; tests change single cells. */
static struct settings_cells row_of(const char *id)
{
	struct settings_cells cells = { .text = {
						[SETTINGS_ID] = id,
						[SETTINGS_AUTH_ID] = "5",
						[SETTINGS_LAB_ID] = "17",
						[SETTINGS_ACTION_ID] = "1",
						[SETTINGS_IS_ORG] = "f",
						[SETTINGS_ACTIVE] = "t",
						[SETTINGS_URL] =
							"https://partner.example/hook",
						[SETTINGS_REQUEST_TYPE] = "1",
					} };

	return cells;
}

static void a_row_matches_by_lab_action_and_every_org_that_counts(void **state)
{
	static const struct {
		const char *name;
		const char *active, *is_org, *row_org, *auth_org;
		int64_t lab, org;
		int action;
		size_t expected;
	} cases[] = {
		{ "no org wanted", "t", "f", NULL, NULL, 17, 3, 1, 1 },
		{ "no org wanted, event has none", "t", "f", NULL, NULL, 17, 0, 1, 1 },
		{ "other lab", "t", "f", NULL, NULL, 18, 3, 1, 0 },
		{ "other action", "t", "f", NULL, NULL, 17, 3, 2, 0 },
		{ "switched off", "f", "f", NULL, NULL, 17, 3, 1, 0 },
		{ "row's org equal", "t", "f", "3", NULL, 17, 3, 1, 1 },
		{ "row's org differs", "t", "f", "4", NULL, 17, 3, 1, 0 },
		{ "row's org, event has none", "t", "f", "3", NULL, 17, 0, 1, 0 },
		{ "auth's org without is_org", "t", "f", NULL, "4", 17, 3, 1, 1 },
		{ "auth's org with is_org equal", "t", "t", NULL, "3", 17, 3, 1, 1 },
		{ "auth's org with is_org differs", "t", "t", NULL, "4", 17, 3, 1, 0 },
		{ "is_org with null", "t", "t", NULL, NULL, 17, 3, 1, 0 },
		{ "is_org with null, event has none", "t", "t", NULL, NULL, 17, 0, 1, 0 },
		{ "both equal", "t", "t", "3", "3", 17, 3, 1, 1 },
		{ "both wanted, row's differs", "t", "t", "4", "3", 17, 3, 1, 0 },
		{ "both wanted, auth's differs", "t", "t", "3", "4", 17, 3, 1, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct settings_cells cells = row_of("9");

		cells.text[SETTINGS_ACTIVE] = cases[i].active;
		cells.text[SETTINGS_IS_ORG] = cases[i].is_org;
		cells.text[SETTINGS_ORG_ID] = cases[i].row_org;
		cells.text[SETTINGS_AUTH_ORG_ID] = cases[i].auth_org;
		CLEANUP(settings_unrefp)
		struct settings *s = settings_build(1, &cells, 1, keys);
		const struct integration *out[2];
		size_t n = settings_match(s, cases[i].lab, cases[i].action, cases[i].org,
		                          out, 2);
		if (n != cases[i].expected)
			fail_msg("%s: %zu rows", cases[i].name, n);
	}
}

static void matches_come_in_order_of_id_and_count_past_the_room(void **state)
{
	struct settings_cells rows[] = { row_of("30"), row_of("4"), row_of("100") };
	CLEANUP(settings_unrefp) struct settings *s = settings_build(7, rows, 3, keys);
	const struct integration *out[2] = { NULL };

	assert_int_equal(settings_match(s, 17, 1, 0, out, 2), 3);
	assert_int_equal(out[0]->id, 4);
	assert_int_equal(out[1]->id, 30);
	assert_int_equal(settings_find(s, 100)->id, 100);
	assert_null(settings_find(s, 5));
	assert_int_equal(settings_version(s), 7);
}

static void details_are_checked_by_name_and_never_quoted(void **state)
{
	static const struct {
		const char *details;
		const char *fault; /* NULL: fine */
	} cases[] = {
		{ "{}", NULL },
		{ "{\"host\":\"127.0.0.1\",\"port\":6661}", NULL },
		{ "{\"transport\":\"http\",\"timeout_ms\":30000,\"rate_limit_per_second\":"
		  "0.5,"
		  "\"rate_limit_group\":\"g\",\"max_concurrency\":10,\"ordered_by\":"
		  "\"patient\","
		  "\"auth\":{\"type\":\"basic\",\"username\":\"u\",\"password\":\"p\"},"
		  "\"webhook_secret\":\"whsec_YWJj whsec_ZGVm\",\"tls\":{\"ca\":\"x\","
		  "\"insecure\":false},\"hl7\":{\"version\":\"2.5.1\",\"id_injection\":"
		  "[\"msh\",\"zid\"]},\"ack\":{\"mode\":\"original\",\"timeout_ms\":1,"
		  "\"await_downstream\":true},\"auto_retry\":{\"max\":5,\"patterns\":["
		  "\"x\"]}}",
		  NULL },
		{ "{\"timeout_ms\":null}", NULL },
		{ "[]", "must be an object" },
		{ "{\"colour\":1}", ".colour is not a known key" },
		{ "{\"hl7\":{\"colour\":1}}", ".hl7.colour is not a known key" },
		{ "{\"port\":\"6661\"}", ".port must be an integer from 1 to 65535" },
		{ "{\"port\":70000}", ".port must be an integer from 1 to 65535" },
		{ "{\"rate_limit_per_second\":0}",
		  ".rate_limit_per_second must be a number above 0" },
		{ "{\"rate_limit_per_second\":\"5\"}",
		  ".rate_limit_per_second must be a number above 0" },
		{ "{\"transport\":\"ftp\"}",
		  ".transport must be one of http, mllp, sftp, fax" },
		{ "{\"tls\":{\"insecure\":1}}", ".tls.insecure must be true or false" },
		{ "{\"tls\":true}", ".tls must be an object" },
		{ "{\"vendor\":\"\"}", ".vendor must be a text" },
		{ "{\"auth\":{}}", ".auth.type is missing" },
		{ "{\"auth\":{\"type\":\"bearer\"}}", ".auth.token is missing" },
		{ "{\"hl7\":{\"id_injection\":[\"pid\"]}}",
		  ".hl7.id_injection must be an array of msh, zid, nte, none" },
		{ "{\"webhook_secret\":\"hunter2\"}",
		  ".webhook_secret must be whsec_ and base64" },
		{ "{\"webhook_secret\":\"whsec_!\"}",
		  ".webhook_secret must be whsec_ and base64" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_JSON json_t *doc =
			jdoc_parse(cases[i].details, strlen(cases[i].details), NULL);
		CLEANUP(buf_deinit) struct buf said = BUF_INIT(0);

		settings_details_check(doc, note, &said);
		if (!cases[i].fault ? said.len > 0
		                    : !strstr(buf_str(&said), cases[i].fault))
			fail_msg("%s: %s", cases[i].details, buf_str(&said));
		assert_null(strstr(buf_str(&said), "hunter2"));
	}
}

static void the_transport_has_its_default_rule(void **state)
{
	static const struct {
		const char *action, *details;
		enum transport_kind expected;
	} cases[] = {
		{ "1", NULL, TRANSPORT_HTTP },
		{ "28", NULL, TRANSPORT_HTTP },
		{ "28", "{\"host\":\"h\",\"port\":1}", TRANSPORT_MLLP },
		{ "1", "{\"host\":\"h\",\"port\":1}", TRANSPORT_MLLP },
		{ "1", "{\"host\":\"h\"}", TRANSPORT_HTTP },
		{ "49", NULL, TRANSPORT_SFTP },
		{ "50", NULL, TRANSPORT_SFTP },
		{ "56", NULL, TRANSPORT_FAX },
		{ "49", "{\"transport\":\"http\"}", TRANSPORT_HTTP },
		{ "1", "{\"transport\":\"http\",\"host\":\"h\",\"port\":1}",
		  TRANSPORT_HTTP },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct settings_cells cells = row_of("1");
		struct integration row;

		cells.text[SETTINGS_ACTION_ID] = cases[i].action;
		cells.text[SETTINGS_DETAILS] = cases[i].details;
		settings_row_parse(&cells, keys, NULL, NULL, &row);
		assert_int_equal(row.transport, cases[i].expected);
		settings_row_release(&row);
	}
}

static void an_unusable_row_says_why(void **state)
{
	static const struct {
		enum settings_column column;
		const char *text;
		const char *fault; /* NULL: fine */
	} cases[] = {
		{ SETTINGS_URL, "http://127.0.0.1:8080/a?b=c", NULL },
		{ SETTINGS_URL, "HTTPS://x", NULL },
		{ SETTINGS_URL, NULL, "url is missing" },
		{ SETTINGS_URL, "ftp://x/", "url must begin with" },
		{ SETTINGS_URL, "partner.example", "url must begin with" },
		{ SETTINGS_URL, "http:///path", "url has no host" },
		{ SETTINGS_URL, "http://a b/", "url must not have blanks" },
		{ SETTINGS_REQUEST_TYPE, "4", "request_type must be" },
		{ SETTINGS_REQUEST_TYPE, "-1", "request_type must be" },
		{ SETTINGS_HEADERS, "{\"X-A\":\"1\",\"X-B\":2,\"X-C\":true,\"X-D\":null}",
		  NULL },
		{ SETTINGS_HEADERS, "[1]", "headers must be a JSON object" },
		{ SETTINGS_HEADERS, "{\"X-A\":\"a\\r\\nB: c\"}",
		  "headers.X-A must not have" },
		{ SETTINGS_HEADERS, "{\"X-A\":{}}", "headers.X-A must be a text" },
		{ SETTINGS_HEADERS, "{\"X A\":\"1\"}", "headers: a name" },
		{ SETTINGS_DETAILS, "[]",
		  "integration_extra_details must be a JSON object" },
		{ SETTINGS_DETAILS, "{\"transport\":\"mllp\"}", "needs host and port" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct settings_cells cells = row_of("1");
		struct integration row;

		cells.text[cases[i].column] = cases[i].text;
		settings_row_parse(&cells, keys, NULL, NULL, &row);
		const char *said = row.config_error ? row.config_error : "";
		if (!cases[i].fault ? *said != '\0' : !strstr(said, cases[i].fault))
			fail_msg("%s: %s", cases[i].text, said);
		settings_row_release(&row);
	}
}

static void a_row_of_faxes_has_what_its_vendor_needs(void **state)
{
	static const struct {
		const char *action, *url, *details, *fault; /* NULL: fine */
		const char *becomes;                        /* the url */
		double rate;
	} cases[] = {
		{ "56", "",
		  "{\"vendor\":\"humblefax\",\"fax\":{\"access_key\":\"a\","
		  "\"secret_key\":\"b\",\"from\":\"12025550100\"}}",
		  NULL, "https://api.humblefax.com", 5 },
		{ "56", "http://127.0.0.1:9/v1/",
		  "{\"vendor\":\"documo\",\"fax\":"
		  "{\"access_key\":\"a\"}}",
		  NULL, "http://127.0.0.1:9", 0 },
		{ "56", "",
		  "{\"vendor\":\"humblefax\",\"rate_limit_per_second\":2,"
		  "\"fax\":{\"access_key\":\"a\",\"secret_key\":\"b\"}}",
		  NULL, "https://api.humblefax.com", 2 },
		{ "56", "", "{}", ".vendor must be one of humblefax, documo", "", 0 },
		{ "56", "", "{\"vendor\":\"humblefax\",\"fax\":{\"access_key\":\"a\"}}",
		  ".fax.secret_key is missing, humblefax needs it",
		  "https://api.humblefax.com", 5 },
		{ "56", "",
		  "{\"vendor\":\"humblefax\",\"fax\":{\"access_key\":\"a\","
		  "\"secret_key\":\"b\",\"from\":\"+442079460000\"}}",
		  ".fax.from must be a number", "https://api.humblefax.com", 5 },
		{ "56", "ftp://x",
		  "{\"vendor\":\"documo\",\"fax\":{\"access_key\":"
		  "\"a\"}}",
		  "url must begin with", "ftp://x", 0 },
		{ "19", "",
		  "{\"transport\":\"fax\",\"vendor\":\"documo\",\"fax\":"
		  "{\"access_key\":\"a\"}}",
		  "fax is for action 56", "https://api.documo.com", 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct settings_cells cells = row_of("1");
		struct integration row;

		cells.text[SETTINGS_ACTION_ID] = cases[i].action;
		cells.text[SETTINGS_URL] = cases[i].url;
		cells.text[SETTINGS_DETAILS] = cases[i].details;
		settings_row_parse(&cells, keys, NULL, NULL, &row);
		const char *said = row.config_error ? row.config_error : "";
		if (!cases[i].fault ? *said != '\0' : !strstr(said, cases[i].fault))
			fail_msg("%s: %s", cases[i].details, said);
		assert_string_equal(row.url, cases[i].becomes);
		assert_string_equal(row.end_point, cases[i].becomes);
		assert_true(row.rate_per_second == cases[i].rate);
		settings_row_release(&row);
	}
}

static void header_scalars_become_text(void **state)
{
	struct settings_cells cells = row_of("1");
	struct integration row;

	cells.text[SETTINGS_HEADERS] = "{\"X-B\":2,\"X-C\":true,\"X-D\":null}";
	settings_row_parse(&cells, keys, NULL, NULL, &row);
	assert_int_equal(row.n_headers, 2);
	assert_string_equal(row.headers[0].value, "2");
	assert_string_equal(row.headers[1].value, "true");
	settings_row_release(&row);
}

static void the_rows_own_header_beats_its_authentications(void **state)
{
	struct settings_cells cells = row_of("1");
	struct integration row;

	cells.text[SETTINGS_HEADERS] = "{\"X-A\":\"row\"}";
	cells.text[SETTINGS_AUTH_HEADERS] = "{\"x-a\":\"auth\",\"X-B\":\"auth\"}";
	settings_row_parse(&cells, keys, NULL, NULL, &row);
	assert_int_equal(row.n_headers, 2);
	assert_string_equal(row.headers[0].value, "row");
	assert_string_equal(row.headers[1].name, "X-B");
	settings_row_release(&row);
}

static void auto_retry_is_read_with_what_the_row_says_of_it(void **state)
{
	struct settings_cells cells = row_of("1");
	struct integration row;

	settings_row_parse(&cells, keys, NULL, NULL, &row);
	assert_int_equal(row.auto_retry_max, -1);
	assert_int_equal(row.n_auto_retry_patterns, 0);
	assert_int_equal(row.auto_retry_since_ms, 0);
	settings_row_release(&row);

	cells.text[SETTINGS_IS_AUTO_RETRY] = "t";
	cells.text[SETTINGS_AUTO_RETRY_SINCE] = "1795253400123";
	cells.text[SETTINGS_DETAILS] =
		"{\"auto_retry\":{\"max\":0,\"patterns\":[\"locked\",\"\",\"busy\"]}}";
	settings_row_parse(&cells, keys, NULL, NULL, &row);
	assert_true(row.is_auto_retry);
	assert_int_equal(row.auto_retry_since_ms, 1795253400123);
	assert_int_equal(row.auto_retry_max, 0);
	/* an empty one would match every error */
	assert_int_equal(row.n_auto_retry_patterns, 2);
	assert_string_equal(row.auto_retry_patterns[1], "busy");
	settings_row_release(&row);
}

static void the_lane_is_the_group_or_the_authentication(void **state)
{
	struct settings_cells cells[] = { row_of("1"), row_of("2") };
	char key[LANE_KEY_SIZE];

	cells[1].text[SETTINGS_DETAILS] = "{\"rate_limit_group\":\"humblefax\"}";
	CLEANUP(settings_unrefp) struct settings *s = settings_build(1, cells, 2, keys);
	assert_string_equal(settings_lane_key(settings_find(s, 1), key), "5");
	assert_string_equal(settings_lane_key(settings_find(s, 2), key), "humblefax");
}

static void mllp_rows_say_where_and_how_long(void **state)
{
	static const struct {
		const char *details, *end_point;
		int64_t ack_ms;
		bool tls, await;
	} cases[] = {
		{ "{\"host\":\"127.0.0.1\",\"port\":6661}", "mllp://127.0.0.1:6661", 30000,
		  false, false },
		{ "{\"host\":\"::1\",\"port\":1,\"timeout_ms\":700,\"tls\":{}}",
		  "mllp://[::1]:1", 700, true, false },
		{ "{\"host\":\"h\",\"port\":1,\"timeout_ms\":700,\"ack\":{\"mode\":"
		  "\"enhanced\",\"timeout_ms\":900,\"await_downstream\":true}}",
		  "mllp://h:1", 900, false, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct settings_cells cells = row_of("1");

		cells.text[SETTINGS_DETAILS] = cases[i].details;
		CLEANUP(settings_unrefp)
		struct settings *s = settings_build(1, &cells, 1, keys);
		const struct integration *row = settings_find(s, 1);

		assert_int_equal(row->transport, TRANSPORT_MLLP);
		assert_null(row->config_error);
		assert_string_equal(row->end_point, cases[i].end_point);
		assert_int_equal(row->ack_timeout_ms, cases[i].ack_ms);
		assert_int_equal(row->tls, cases[i].tls);
		assert_int_equal(row->ack_await_downstream, cases[i].await);
	}
}

#define DETAILS                                                                            \
	"{\"auth\":{\"type\":\"bearer\",\"token\":\"hunter2\"},\"webhook_secret\":"        \
	"\"whsec_aHVudGVyMg==\",\"sftp\":{\"username\":\"u\",\"private_key\":\"hunter2\"}" \
	"}"
#define HEADERS "{\"X-Lab\":\"17\",\"Authorization\":\"hunter2\",\"X-Api-Key\":12}"

static void secrets_are_sealed_opened_and_masked_where_the_table_says(void **state)
{
	static const struct {
		const char *text;
		enum settings_document kind;
		size_t secrets;
		const char *masked;
	} cases[] = {
		{ DETAILS, SETTINGS_DOCUMENT_DETAILS, 3,
		  "{\"auth\":{\"type\":\"bearer\",\"token\":\"***\"},\"webhook_secret\":"
		  "\"***\",\"sftp\":{\"username\":\"u\",\"private_key\":\"***\"}}" },
		{ HEADERS, SETTINGS_DOCUMENT_HEADERS, 2,
		  "{\"X-Lab\":\"17\",\"Authorization\":\"***\",\"X-Api-Key\":\"***\"}" },
		{ "{\"token\":\"\",\"old\":{\"password\":\"x\"}}",
		  SETTINGS_DOCUMENT_DETAILS, 1,
		  "{\"token\":\"\",\"old\":{\"password\":\"***\"}}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_deinit) struct buf said = BUF_INIT(0);
		CLEANUP_JSON json_t *doc =
			jdoc_parse(cases[i].text, strlen(cases[i].text), NULL);
		CLEANUP_JSON json_t *plain = json_deep_copy(doc);

		assert_int_equal(settings_seal(doc, cases[i].kind, 4, keys),
		                 cases[i].secrets);
		CLEANUP(freep) char *sealed = jdoc_dump(doc, NULL);
		assert_null(strstr(sealed, "hunter2"));
		assert_int_equal(settings_seal(doc, cases[i].kind, 4, keys), 0);

		CLEANUP_JSON json_t *moved = json_deep_copy(doc);
		settings_open(moved, cases[i].kind, 5, keys, note, &said);
		assert_non_null(strstr(buf_str(&said), "enter the secret again"));
		buf_clear(&said);

		settings_open(doc, cases[i].kind, 4, keys, note, &said);
		assert_string_equal(buf_str(&said), "");
		if (cases[i].kind == SETTINGS_DOCUMENT_DETAILS)
			assert_true(json_equal(doc, plain));

		settings_mask(doc, cases[i].kind);
		CLEANUP(freep) char *masked = jdoc_dump(doc, NULL);
		assert_string_equal(masked, cases[i].masked);
	}
}

static void count_fault(void *arg, const char *fault)
{
	++*(int *)arg;
}

static void secrets_within_a_url_are_sealed_and_opened(void **state)
{
	static const struct {
		const char *url, *begins; /* of the sealed one; NULL: it has no secret */
	} cases[] = {
		{ "https://h/p?a=1", NULL },
		{ "https://u:hunter2%2B@h:1/p?a=1#f", "https://sealed:v1:" },
		{ "https://h/?a=1&token=hunter2/=+&b=2",
		  "https://h/?a=1&token=sealed:v1:" },
		{ "https://u:hunter2@h?key=hunter2", "https://sealed:v1:" },
		{ "", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int faults = 0;
		CLEANUP(freep) char *sealed = settings_seal_url(cases[i].url, 4, keys);
		const char *rests = sealed ? sealed : cases[i].url;
		CLEANUP(freep)
		char *opened = settings_open_url(rests, 4, keys, count_fault, &faults);

		assert_int_equal(sealed == NULL, cases[i].begins == NULL);
		assert_int_equal(faults, 0);
		assert_string_equal(opened, cases[i].url);
		if (!sealed || !cases[i].begins)
			continue;
		assert_ptr_equal(strstr(sealed, cases[i].begins), sealed);
		assert_null(strstr(sealed, "hunter2"));
		assert_null(settings_seal_url(sealed, 4, keys));
		CLEANUP(freep)
		char *moved = settings_open_url(sealed, 5, keys, count_fault, &faults);
		assert_string_equal(moved, sealed);
		assert_true(faults > 0);
	}
}

static void a_row_works_sealed_as_it_did_in_plain_text(void **state)
{
	struct settings_cells cells = row_of("4");
	CLEANUP_JSON json_t *details = jdoc_parse(DETAILS, strlen(DETAILS), NULL);
	CLEANUP_JSON json_t *headers = jdoc_parse(HEADERS, strlen(HEADERS), NULL);
	struct integration row;

	(void)settings_seal(details, SETTINGS_DOCUMENT_DETAILS, 4, keys);
	(void)settings_seal(headers, SETTINGS_DOCUMENT_AUTH_HEADERS, 5, keys);
	CLEANUP(freep) char *details_text = jdoc_dump(details, NULL);
	CLEANUP(freep) char *headers_text = jdoc_dump(headers, NULL);
	cells.text[SETTINGS_DETAILS] = details_text;
	cells.text[SETTINGS_AUTH_HEADERS] = headers_text;

	settings_row_parse(&cells, keys, NULL, NULL, &row);
	assert_null(row.config_error);
	assert_string_equal(row.auth_token, "hunter2");
	assert_string_equal(row.headers[1].value, "hunter2");
	assert_string_equal(row.headers[2].value, "12");
	settings_row_release(&row);

	CLEANUP(keyring_freep)
	struct keyring *none = keyring_new(&(struct secrets_config){ 0 });
	settings_row_parse(&cells, none, NULL, NULL, &row);
	assert_non_null(strstr(row.config_error, "headers.Authorization is sealed, and "
	                                         "SECRETS_KEY is not set"));
	settings_row_release(&row);
}

static void a_row_is_told_every_fault_before_it_is_saved(void **state)
{
	static const struct {
		const char *row;
		size_t faults;
		const char *said[4];
	} cases[] = {
		{ "{\"auth_id\":5,\"action_category_list_id\":1,\"url\":\"https://"
		  "p.example/\"}",
		  0,
		  { NULL } },
		{ "{\"auth_id\":5,\"action_category_list_id\":49,\"integration_extra_"
		  "details\":"
		  "{\"transport\":\"sftp\",\"host\":\"h\",\"sftp\":{\"username\":\"u\","
		  "\"password\":"
		  "\"p\"}}}",
		  1,
		  { "sftp.host_key_sha256 is missing" } },
		{ "{\"auth_id\":5,\"action_category_list_id\":50}",
		  4,
		  { "needs a host for sftp", "sftp.username", "private_key or a password",
		    "host_key_sha256" } },
		{ "{\"auth_id\":5,\"action_category_list_id\":1,\"url\":\"p.example\","
		  "\"template_text\":\"a\\n {{#b}}{{c\",\"request_type\":7,"
		  "\"integration_extra_details\":{\"colour\":1,\"tls\":{\"insecure\":2}}}",
		  5,
		  { "url must begin with", "template_text, line 2, column 8: a tag is not",
		    "request_type must be", ".colour is not a known key" } },
		{ "{\"colour\":1,\"url\":5,\"is_batch\":\"yes\",\"integration_type\":"
		  "\"X\"}",
		  7,
		  { "colour is not a column", "url must be a text",
		    "is_batch must be true or false", "integration_type must be" } },
		{ "{\"auth_id\":5,\"action_category_list_id\":1,\"url\":\"https://"
		  "p.example/\","
		  "\"integration_extra_details\":{\"auth\":{\"type\":"
		  "\"oauth2_client_credentials\",\"token_url\":\"ftp://x\",\"client_id\":"
		  "\"i\"}}}",
		  2,
		  { ".auth.client_secret is missing",
		    ".auth.token_url must begin with http" } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(buf_deinit) struct buf said = BUF_INIT(0);
		CLEANUP_JSON json_t *row =
			jdoc_parse(cases[i].row, strlen(cases[i].row), NULL);
		size_t n = settings_row_check(row, keys, note, &said);

		if (n != cases[i].faults)
			fail_msg("%s: %zu\n%s", cases[i].row, n, buf_str(&said));
		for (size_t k = 0; k < ARRAY_SIZE(cases[i].said) && cases[i].said[k]; k++)
			if (!strstr(buf_str(&said), cases[i].said[k]))
				fail_msg("%s: not %s\n%s", cases[i].row, cases[i].said[k],
				         buf_str(&said));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mllp_rows_say_where_and_how_long),
		cmocka_unit_test(a_row_matches_by_lab_action_and_every_org_that_counts),
		cmocka_unit_test(matches_come_in_order_of_id_and_count_past_the_room),
		cmocka_unit_test(details_are_checked_by_name_and_never_quoted),
		cmocka_unit_test(the_transport_has_its_default_rule),
		cmocka_unit_test(an_unusable_row_says_why),
		cmocka_unit_test(a_row_of_faxes_has_what_its_vendor_needs),
		cmocka_unit_test(header_scalars_become_text),
		cmocka_unit_test(the_rows_own_header_beats_its_authentications),
		cmocka_unit_test(auto_retry_is_read_with_what_the_row_says_of_it),
		cmocka_unit_test(the_lane_is_the_group_or_the_authentication),
		cmocka_unit_test(secrets_are_sealed_opened_and_masked_where_the_table_says),
		cmocka_unit_test(secrets_within_a_url_are_sealed_and_opened),
		cmocka_unit_test(a_row_works_sealed_as_it_did_in_plain_text),
		cmocka_unit_test(a_row_is_told_every_fault_before_it_is_saved),
	};

	return cmocka_run_group_tests(tests, make_keys, free_keys);
}
