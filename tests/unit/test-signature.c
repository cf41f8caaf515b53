#include "unit.h"

#include "secrets/mask.h"
#include "secrets/signature.h"

/* The example of the Standard Webhooks specification. */
#define SECRET "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
static const char id[] = "msg_p5jXN8AQM9LWM0D4loKWxJek";
static const char body[] = "{\"test\": 2432232314}";
static const int64_t at = 1614265330;
#define SIGNED "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

static void secrets_sign_as_the_specification_says(void **state)
{
	static const struct {
		const char *secrets;
		const char *expected; /* NULL: refused */
	} cases[] = {
		{ .secrets = SECRET, .expected = SIGNED },
		{ .secrets = "  " SECRET "  ", .expected = SIGNED },
		{ .secrets = SECRET " " SECRET, .expected = SIGNED " " SIGNED },
		{ .secrets = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", .expected = NULL },
		{ .secrets = "whsec_", .expected = NULL },
		{ .secrets = "whsec_not base64", .expected = NULL },
		{ .secrets = SECRET " other", .expected = NULL },
		{ .secrets = "", .expected = NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct buf out = BUF_INIT(0);
		struct err_text why = { .text = "" };
		int r = signature_append(cases[i].secrets, id, at, body, strlen(body), &out,
		                         &why);

		if (cases[i].expected) {
			assert_int_equal(r, 0);
			assert_string_equal(buf_str(&out), cases[i].expected);
		} else {
			assert_int_equal(r, SIGNATURE_E_SECRET);
			assert_non_null(strstr(why.text, "webhook_secret"));
			assert_null(strstr(why.text, "MfKQ"));
		}
		buf_deinit(&out);
	}
}

static void names_say_what_is_a_secret(void **state)
{
	static const struct {
		const char *name;
		bool secret;
	} cases[] = {
		{ .name = "Authorization", .secret = true },
		{ .name = "proxy-authorization", .secret = true },
		{ .name = "X-API-Key", .secret = true },
		{ .name = "apikey", .secret = true },
		{ .name = "Set-Cookie", .secret = true },
		{ .name = "x-auth-token", .secret = true },
		{ .name = "webhook-signature", .secret = true },
		{ .name = "x-SECRET", .secret = true },
		{ .name = "my-password", .secret = true },
		{ .name = "Passwd", .secret = true },
		{ .name = "x-api_key", .secret = true },
		{ .name = "auth-key", .secret = true },
		{ .name = "AUTH_KEY", .secret = true },
		{ .name = "authKey", .secret = true },
		{ .name = "access-key", .secret = true },
		{ .name = "aws_access_key", .secret = true },
		{ .name = "credentials", .secret = true },
		{ .name = "X-Auth", .secret = true },
		{ .name = "key", .secret = true },
		{ .name = "content-type", .secret = false },
		{ .name = "webhook-id", .secret = false },
		{ .name = "x-keyboard", .secret = false },
		{ .name = "author", .secret = false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(mask_wants(cases[i].name, strlen(cases[i].name)),
		                 cases[i].secret);
}

static void urls_are_shown_without_their_secrets(void **state)
{
	static const struct {
		const char *url, *shown;
	} cases[] = {
		{ .url = "http://h/p", .shown = "http://h/p" },
		{ .url = "https://u:p@h:1/p?a=1#f", .shown = "https://***@h:1/p?a=1#f" },
		{ .url = "http://h/?token=x&a=b", .shown = "http://h/?token=***&a=b" },
		{ .url = "http://h?a=b&API_KEY=x", .shown = "http://h?a=b&API_KEY=***" },
		{ .url = "http://h/a@b", .shown = "http://h/a@b" },
		{ .url = "http://h/p?token", .shown = "http://h/p?token" },
		{ .url = "", .shown = "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP(freep) char *shown = mask_url(cases[i].url);

		assert_string_equal(shown, cases[i].shown);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets_sign_as_the_specification_says),
		cmocka_unit_test(names_say_what_is_a_secret),
		cmocka_unit_test(urls_are_shown_without_their_secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
