#include "transport/oauth_token.h"

#include "json/jdoc.h"

#include <ctype.h>
#include <sodium.h>
#include <strings.h>

enum {
	ANSWER_MAX = 65536,        /* bytes */
	TOKEN_MAX = 16384,         /* bytes */
	TIMEOUT_MS = 10000,        /* of the request; a row's smaller one counts */
	UNTOLD_S = 300,            /* expires_in is only recommended */
	LONGEST_S = 24 * 60 * 60,  /* a server that forgot its tokens says 401 */
	MARGIN_MAX_MS = 60 * 1000, /* renewed so long before its end, or a fifth of it */
};

static void hash_text(crypto_generichash_state *state, const char *text)
{
	uint64_t len = text ? strlen(text) + 1 : 0; /* "" is not NULL */

	(void)crypto_generichash_update(state, (const unsigned char *)&len, sizeof(len));
	if (len > 1)
		(void)crypto_generichash_update(state, (const unsigned char *)text,
		                                len - 1);
}

void oauth_key(const struct integration *row, unsigned char out[OAUTH_KEY_SIZE])
{
	const char *const texts[] = {
		row->oauth_token_url, row->oauth_client_id, row->oauth_client_secret,
		row->oauth_scope,     row->tls_ca,          row->tls_insecure ? "" : NULL
	};
	crypto_generichash_state state;

	(void)crypto_generichash_init(&state, NULL, 0, OAUTH_KEY_SIZE);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		hash_text(&state, texts[i]);
	(void)crypto_generichash_final(&state, out, OAUTH_KEY_SIZE);
	sodium_memzero(&state, sizeof(state));
}

/* As forms are (RFC 6749, appendix B), with %20 for a blank: every decoder takes that. */
static void append_encoded(struct buf *out, const char *text)
{
	for (; *text; text++) {
		if (isalnum((unsigned char)*text) || strchr("-._~", *text))
			buf_append_char(out, *text);
		else
			buf_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
	}
}

static char *encoded(const char *text)
{
	struct buf out = BUF_INIT(0);

	append_encoded(&out, text);
	return out.len ? buf_take(&out) : xstrdup("");
}

static char *make_body(const char *scope)
{
	struct buf out = BUF_INIT(0);

	buf_append_str(&out, "grant_type=client_credentials");
	if (scope) {
		buf_append_str(&out, "&scope=");
		append_encoded(&out, scope);
	}
	return buf_take(&out);
}

void oauth_request_make(const struct integration *asking, struct oauth_request *out)
{
	*out = (struct oauth_request){
		.header = { .name = (char *)(uintptr_t) "accept",
		            .value = (char *)(uintptr_t) "application/json" },
		.username = encoded(asking->oauth_client_id),
		.password = encoded(asking->oauth_client_secret),
		.body = make_body(asking->oauth_scope),
	};
	out->row = (struct integration){
		.url = asking->oauth_token_url,
		.headers = &out->header,
		.n_headers = 1,
		.timeout_ms =
			asking->timeout_ms < TIMEOUT_MS ? asking->timeout_ms : TIMEOUT_MS,
		.auth_type = AUTH_BASIC,
		.auth_username = out->username,
		.auth_password = out->password,
		.tls_ca = asking->tls_ca,
		.tls_insecure = asking->tls_insecure,
	};
}

static void wipe(char *text)
{
	if (text)
		sodium_memzero(text, strlen(text));
	free(text);
}

void oauth_request_release(struct oauth_request *rq)
{
	wipe(rq->username);
	wipe(rq->password);
	free(rq->body);
	*rq = (struct oauth_request){ .body = NULL };
}

/* One of the words of RFC 6749, 5.2, or another of the same make. */
static bool is_word(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz_");

	return n > 0 && n <= 40 && text[n] == '\0';
}

static bool is_token(const char *text)
{
	size_t n = 0;

	while (text && text[n] > ' ' && text[n] < 0x7f)
		n++;
	return n > 0 && n <= TOKEN_MAX && text[n] == '\0';
}

/* Some servers write the number as a text. */
static int64_t lifetime_s(const json_t *answer)
{
	const json_t *value = json_object_get(answer, "expires_in");
	double seconds = UNTOLD_S;

	if (json_is_number(value))
		seconds = json_number_value(value);
	else if (json_is_string(value))
		seconds = strtod(json_string_value(value), NULL);
	if (!(seconds > 0)) /* nor a number at all */
		return 0;
	return seconds < LONGEST_S ? (int64_t)seconds : LONGEST_S;
}

static int64_t usable_ms(int64_t lifetime_ms)
{
	int64_t margin = lifetime_ms / 5;

	return lifetime_ms - (margin < MARGIN_MAX_MS ? margin : MARGIN_MAX_MS);
}

static int refuse(int status_code, const json_t *answer, struct err_text *why)
{
	const char *word = jdoc_text_or(answer, "error", "");

	if (is_word(word))
		return err_say(why, 1, "The token server answers %d: %s", status_code,
		               word);
	return err_say(why, 1, "The token server answers %d", status_code);
}

int oauth_answer_read(const struct transport_result *r, char **token, int64_t *valid_ms,
                      struct err_text *why)
{
	if (r->kind != ERROR_KIND_NONE)
		return err_say(why, 1, "The token server: %s", r->error);
	CLEANUP_JSON json_t *answer = r->body && r->body_len <= ANSWER_MAX && !r->body_cut
	                                      ? jdoc_parse(r->body, r->body_len, NULL)
	                                      : NULL;
	const char *text = jdoc_text_or(answer, "access_token", NULL);

	if (r->status_code < 200 || r->status_code > 299)
		return refuse(r->status_code, answer, why);
	if (!is_token(text))
		return err_say(why, 1,
		               "The token server's answer has no usable access_token");
	if (strcasecmp(jdoc_text_or(answer, "token_type", "bearer"), "bearer") != 0)
		return err_say(why, 1, "The token server's token_type is not Bearer");
	*token = xstrdup(text);
	*valid_ms = usable_ms(lifetime_s(answer) * 1000);
	return 0;
}
