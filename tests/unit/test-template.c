#include "unit.h"

#include "template/template.h"
#include "json/jdoc.h"

#include <stdio.h>

static char *render(const char *text, size_t len, enum template_escape escape,
                    const json_t *context, struct err_text *why)
{
	CLEANUP(template_freep) struct template *t = NULL;
	struct buf out = BUF_INIT(1 << 20);

	if (template_parse(text, len, escape, &t, why) ||
	    template_render(t, context, &out, why)) {
		buf_deinit(&out);
		return NULL;
	}
	return buf_take(&out);
}

/* The official specification's files (tests/unit/data/mustache-spec, MIT). */
static void the_specification_holds(void **state)
{
	static const struct {
		const char *name;
		size_t least;
	} files[] = {
		{ .name = "interpolation", .least = 40 },
		{ .name = "sections", .least = 30 },
		{ .name = "inverted", .least = 20 },
		{ .name = "comments", .least = 11 },
		{ .name = "delimiters", .least = 10 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		char path[512];
		size_t index, ran = 0;
		json_t *one;

		(void)snprintf(path, sizeof(path), "%s/mustache-spec/%s.json", TEST_DATA,
		               files[i].name);
		CLEANUP_JSON json_t *spec = json_load_file(path, 0, NULL);
		assert_non_null(spec);
		json_array_foreach (json_object_get(spec, "tests"), index, one) {
			const json_t *text = json_object_get(one, "template");
			struct err_text why = { "" };

			if (json_object_get(one, "partials"))
				continue; /* partials are refused, tested below */
			CLEANUP(freep)
			char *got = render(json_string_value(text),
			                   json_string_length(text), TEMPLATE_ESCAPE_HTML,
			                   json_object_get(one, "data"), &why);
			if (!got || strcmp(got, jdoc_text_or(one, "expected", "")) != 0)
				fail_msg("%s: %s: got %s %s", files[i].name,
				         jdoc_text_or(one, "name", ""),
				         got ? got : "(none)", why.text);
			ran++;
		}
		assert_true(ran >= files[i].least);
	}
}

static void values_are_escaped_for_their_target(void **state)
{
	static const struct {
		enum template_escape escape;
		const char *expected;
	} cases[] = {
		{ .escape = TEMPLATE_ESCAPE_PLAIN, .expected = "a\"|^~\\&\r<é" },
		{ .escape = TEMPLATE_ESCAPE_JSON, .expected = "a\\\"|^~\\\\&\\r<é" },
		{ .escape = TEMPLATE_ESCAPE_HL7,
		  .expected = "a\"\\F\\\\S\\\\R\\\\E\\\\T\\ <é" },
		{ .escape = TEMPLATE_ESCAPE_FORM,
		  .expected = "a%22%7C%5E~%5C%26%0D%3C%C3%A9" },
		{ .escape = TEMPLATE_ESCAPE_HTML, .expected = "a&quot;|^~\\&amp;\r&lt;é" },
	};
	CLEANUP_JSON json_t *context = json_pack("{s:s}", "v", "a\"|^~\\&\r<é");

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(freep)
		char *got = render("{{v}}", 5, cases[i].escape, context, NULL);

		assert_string_equal(got, cases[i].expected);
	}
}

static void faults_name_the_line_and_the_remedy(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} cases[] = {
		{ .text = "a\n {{>part}}",
		  .why = "template_text, line 2, column 2: partials are not supported; "
		         "write the text here" },
		{ .text = "{{#a}}",
		  .why = "template_text, line 1, column 4: a section is not closed; write "
		         "{{/name}}" },
		{ .text = "\n\n{{/a}}",
		  .why = "template_text, line 3, column 1: a section is closed that was "
		         "not "
		         "opened; write {{#name}} before it" },
		{ .text = "{{#a}}{{/b}}",
		  .why = "template_text, line 1, column 7: another section is open here; "
		         "close that one first" },
		{ .text = "{{a",
		  .why = "template_text, line 1, column 1: a tag is not closed; write }} "
		         "behind its name" },
		{ .text = "{{ }}",
		  .why = "template_text, line 1, column 1: a tag has no name; write "
		         "{{name}}" },
		{ .text = "{{=<% =}}",
		  .why = "template_text, line 1, column 1: delimiters are two words "
		         "without "
		         "=, {{=<% %>=}}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err_text why = { "" };
		struct template *t = NULL;

		assert_int_equal(template_parse(cases[i].text, strlen(cases[i].text),
		                                TEMPLATE_ESCAPE_PLAIN, &t, &why),
		                 TEMPLATE_E_SYNTAX);
		assert_null(t);
		assert_string_equal(why.text, cases[i].why);
	}
}

static void names_and_templates_are_bounded(void **state)
{
	CLEANUP(buf_deinit) struct buf text = BUF_INIT(0);
	struct template *t = NULL;

	buf_printf(&text, "{{%0*d}}", TEMPLATE_MAX_NAME + 1, 1);
	assert_int_equal(
		template_parse(buf_str(&text), text.len, TEMPLATE_ESCAPE_PLAIN, &t, NULL),
		TEMPLATE_E_SYNTAX);
	buf_clear(&text);
	buf_printf(&text, "%0*d", TEMPLATE_MAX_BYTES + 1, 1);
	assert_int_equal(
		template_parse(buf_str(&text), text.len, TEMPLATE_ESCAPE_PLAIN, &t, NULL),
		TEMPLATE_E_LIMIT);
}

static void depth_is_bounded(void **state)
{
	struct buf text = BUF_INIT(0);
	struct err_text why = { "" };
	struct template *t = NULL;

	for (int i = 0; i <= TEMPLATE_MAX_DEPTH; i++)
		buf_append_str(&text, "{{#a}}");
	assert_int_equal(
		template_parse(buf_str(&text), text.len, TEMPLATE_ESCAPE_PLAIN, &t, &why),
		TEMPLATE_E_SYNTAX);
	buf_deinit(&text);
}

/* What would take hours writes nothing that the size limit could stop. */
static void a_runaway_template_stops(void **state)
{
	static const char *const texts[] = {
		/* ten thousand million steps */
		"{{#l}}{{#l}}{{#l}}{{#l}}{{#l}}{{/l}}{{/l}}{{/l}}{{/l}}{{/l}}",
		/* half of the steps, each with look-ups that find nothing */
		"{{#l}}{{#l}}{{#l}}{{a}}{{a}}{{a}}{{/l}}{{/l}}{{/l}}",
		/* loops over nothing */
		"{{#l}}{{#l}}{{#l}}{{/l}}{{/l}}{{/l}}",
	};
	CLEANUP_JSON json_t *list = json_array();

	for (int i = 0; i < 100; i++)
		(void)json_array_append_new(list, json_integer(i));
	CLEANUP_JSON json_t *context = json_pack("{s:O}", "l", list);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		CLEANUP(template_freep) struct template *t = NULL;
		CLEANUP(buf_deinit) struct buf out = BUF_INIT(1 << 20);

		assert_int_equal(template_parse(texts[i], strlen(texts[i]),
		                                TEMPLATE_ESCAPE_PLAIN, &t, NULL),
		                 0);
		assert_int_equal(template_render(t, context, &out, NULL), TEMPLATE_E_LIMIT);
	}
}

static void output_is_bounded(void **state)
{
	CLEANUP(template_freep) struct template *t = NULL;
	CLEANUP_JSON json_t *context = json_object();
	struct buf out = BUF_INIT(4);

	assert_int_equal(template_parse("12345", 5, TEMPLATE_ESCAPE_PLAIN, &t, NULL), 0);
	assert_int_equal(template_render(t, context, &out, NULL), TEMPLATE_E_LIMIT);
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_specification_holds),
		cmocka_unit_test(values_are_escaped_for_their_target),
		cmocka_unit_test(faults_name_the_line_and_the_remedy),
		cmocka_unit_test(names_and_templates_are_bounded),
		cmocka_unit_test(depth_is_bounded),
		cmocka_unit_test(a_runaway_template_stops),
		cmocka_unit_test(output_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
