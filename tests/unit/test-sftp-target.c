/* What a row says of an SFTP server, and the names of its files. */
#include "unit.h"

#include "transport/sftp_target.h"
#include "json/jdoc.h"

#include <string.h>

static json_t *parse(const char *text)
{
	json_t *doc = jdoc_parse(text, strlen(text), NULL);

	assert_non_null(doc);
	return doc;
}

static void names_follow_the_pattern(void **state)
{
	static const struct {
		const char *pattern, *context, *content_type;
		const char *name; /* NULL: refused */
		bool has_log_id;
	} cases[] = {
		{ NULL, "{\"bill_id\":9}", "application/hl7-v2",
		  "ORM_17_9_0102030405060708090a0b0c.hl7", true },
		{ NULL, "{\"bill_id\":9,\"lab_report_id\":44}", "application/hl7-v2",
		  "ORU_17_44_0102030405060708090a0b0c.hl7", true },
		{ NULL, "{\"patient_id\":7}", "application/hl7-v2",
		  "49_17_0102030405060708090a0b0c.hl7", true },
		{ NULL, "{\"bill_id\":9}", "application/json",
		  "49_17_9_0102030405060708090a0b0c.json", true },
		{ "a<labId>-{billId}-{{LOGID}}.x", "{\"bill_id\":9}", "",
		  "a17-9-0102030405060708090a0b0c.x", true },
		{ "<LABID>_<attempt>_<patientId>", "{}", "", "17_2_0", false },
		{ "fixed.hl7", "{}", "", "fixed.hl7", false },
		{ "a < b", "{}", "", "a < b", false },
		{ "<nobody>", "{}", "", NULL, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_JSON json_t *context = parse(cases[i].context);
		CLEANUP_JSON json_t *extra = parse("{\"sftp\":{}}");
		struct task task = { .lab_id = 17,
			             .action_id = 49,
			             .attempt = 2,
			             .content_type = cases[i].content_type,
			             .context = context };
		struct integration row = { .extra = extra };
		const struct transport_request rq = { .row = &row, .task = &task };
		char name[SFTP_NAME_SIZE];
		bool has_log_id;
		struct err_text why = { "" };

		assert_true(log_id_parse("0102030405060708090a0b0c", &task.log_id));
		if (cases[i].pattern)
			jdoc_set_text(json_object_get(extra, "sftp"), "file_name",
			              cases[i].pattern);
		int r = sftp_file_name(&rq, name, &has_log_id, &why);
		if (!cases[i].name) {
			assert_int_equal(r, TRANSPORT_E_CONFIG);
			assert_non_null(strstr(why.text, "<nobody>"));
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(name, cases[i].name);
		assert_int_equal(has_log_id, cases[i].has_log_id);
	}
}

static void a_name_grows_before_its_extension(void **state)
{
	char out[SFTP_NAME_SIZE];

	sftp_name_insert("a.b.hl7", "2", out);
	assert_string_equal(out, "a.b_2.hl7");
	sftp_name_insert("plain", "2", out);
	assert_string_equal(out, "plain_2");
	sftp_name_extension("a.b.hl7", ".pdf", out);
	assert_string_equal(out, "a.b.pdf");
	sftp_name_extension("plain", ".pdf", out);
	assert_string_equal(out, "plain.pdf");
}

#define KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

static int read(const char *details, struct sftp_target *out, struct err_text *why)
{
	json_t *extra = parse(details);
	struct integration row = {
		.extra = extra, .host = (char[]){ "h" }, .port = 22, .timeout_ms = 30000
	};
	int r = sftp_target_read(&row, 5000, out, why);

	json_decref(extra);
	return r;
}

static void fingerprints_are_read_in_every_spelling(void **state)
{
	static const char *const spellings[] = {
		"SHA256:" KEY,
		KEY,
		KEY "=",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	};

	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
		CLEANUP(freep)
		char *details =
			xasprintf("{\"sftp\":{\"username\":\"u\",\"password\":\"p\","
		                  "\"host_key_sha256\":[\"%s\"]}}",
		                  spellings[i]);
		struct sftp_target t;
		struct err_text why = { "" };

		assert_int_equal(read(details, &t, &why), 0);
		assert_int_equal(t.n_host_keys, 1);
		for (unsigned char k = 0; k < 32; k++)
			assert_int_equal(t.host_keys[0][k], k);
	}
}

static void without_a_host_key_nothing_goes(void **state)
{
	static const struct {
		const char *details, *why;
	} cases[] = {
		{ "{\"sftp\":{\"username\":\"u\",\"password\":\"p\"}}", "host_key_sha256" },
		{ "{\"sftp\":{\"username\":\"u\",\"password\":\"p\",\"host_key_sha256\":[]}"
		  "}",
		  "host_key_sha256" },
		{ "{\"sftp\":{\"username\":\"u\",\"password\":\"p\",\"host_key_sha256\":["
		  "\"x\"]}}",
		  "host_key_sha256" },
		{ "{\"sftp\":{\"username\":\"u\",\"host_key_sha256\":[\"" KEY "\"]}}",
		  "private_key" },
		{ "{}", "username" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct sftp_target t;
		struct err_text why = { "" };

		assert_int_equal(read(cases[i].details, &t, &why), TRANSPORT_E_CONFIG);
		if (!strstr(why.text, cases[i].why))
			fail_msg("%s: %s", cases[i].details, why.text);
	}
}

static void a_directory_may_begin_at_home(void **state)
{
	static const struct {
		const char *said, *path;
	} cases[] = {
		{ "/in", "/in" },
		{ "in/x", "in/x" },
		{ "~/in", "in" },
		{ "/~/in", "in" },
		{ "~", "" },
		{ "/~", "" },
		{ "~other/in", "~other/in" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(freep)
		char *details = xasprintf(
			"{\"sftp\":{\"username\":\"u\",\"password\":\"p\",\"directory\":"
			"\"%s\",\"host_key_sha256\":[\"" KEY "\"]}}",
			cases[i].said);
		CLEANUP_JSON json_t *extra = parse(details);
		struct integration row = { .extra = extra,
			                   .host = (char[]){ "h" },
			                   .timeout_ms = 1000 };
		struct sftp_target t;
		struct err_text why;

		assert_int_equal(sftp_target_read(&row, 5000, &t, &why), 0);
		assert_string_equal(t.directory, cases[i].path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_follow_the_pattern),
		cmocka_unit_test(a_name_grows_before_its_extension),
		cmocka_unit_test(fingerprints_are_read_in_every_spelling),
		cmocka_unit_test(without_a_host_key_nothing_goes),
		cmocka_unit_test(a_directory_may_begin_at_home),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
