#include "who.h"

#include "base/clock.h"
#include "call.h"

#include <sodium.h>
#include <stdio.h>
#include <strings.h>

void who_release(struct who *who)
{
	free(who->labs);
	*who = (struct who){ 0 };
}

bool who_sees(const struct who *who, int64_t lab_id)
{
	if (who->all_labs)
		return true;
	for (size_t i = 0; i < who->n_labs; i++)
		if (who->labs[i] == lab_id)
			return true;
	return false;
}

/* ---- who ---- */

void who_fill(struct who *who, const struct pg_result *rows)
{
	const char *labs = pg_text(rows, 0, 4);

	who->user_id = pg_int(rows, 0, 0);
	(void)snprintf(who->login, sizeof(who->login), "%s", pg_text(rows, 0, 1));
	(void)snprintf(who->full_name, sizeof(who->full_name), "%s", pg_text(rows, 0, 2));
	who->role = role_parse(pg_text(rows, 0, 3));
	who->expires_ms = pg_int(rows, 0, 5);
	who->all_labs = labs == NULL;
	if (!labs)
		return;
	who->labs = xcalloc(WHO_LABS_MAX, sizeof(*who->labs));
	for (const char *at = labs; *at && who->n_labs < WHO_LABS_MAX;) {
		char *end;
		long long lab = strtoll(at, &end, 10);

		if (end > at)
			who->labs[who->n_labs++] = lab;
		at = end + (*end != '\0');
	}
}

/* False: nobody's, or PostgreSQL cannot say (said). */
static bool look_up(struct call *call, const char *sql, const char *token)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	char hash[HASH_HEX];
	const char *params[] = { hash };

	token_hash(token, hash);
	if (strlen(token) != TOKEN_SIZE - 1 || call_pg(call, sql, params, 1, &rows) ||
	    pg_rows(rows) == 0)
		return false;
	who_fill(&call->who, rows);
	return true;
}

static void identify_bearer(struct call *call, const char *token)
{
	if (tokens_accept(call->d->admin_tokens, token)) {
		call->who = (struct who){ .via = VIA_ADMIN_TOKEN,
			                  .role = ROLE_ADMIN,
			                  .all_labs = true };
		(void)snprintf(call->who.login, sizeof(call->who.login), "admin-token");
	} else if (look_up(call,
	                   "SELECT u.id, u.login, u.full_name, u.role, "
	                   "array_to_string(u.labs, ','), "
	                   "(extract(epoch FROM t.expires_at) * 1000)::bigint "
	                   "FROM integration.user_token t JOIN integration.users u "
	                   "ON u.id = t.user_id WHERE t.token_hash = $1 AND u.is_active "
	                   "AND (t.expires_at IS NULL OR t.expires_at > now())",
	                   token)) {
		call->who.via = VIA_TOKEN;
	}
}

/* The value of our cookie, copied; false: it is not there. */
static bool find_cookie(const struct call *call, char out[TOKEN_SIZE])
{
	static const char name[] = "fleet_session=";
	const char *at = http_head_find(&call->request->head, "cookie");

	for (; at && *at; at += strspn(at, "; ")) {
		size_t len = strcspn(at, ";");

		if (strncmp(at, name, strlen(name)) == 0 &&
		    len - strlen(name) == TOKEN_SIZE - 1) {
			memcpy(out, at + strlen(name), TOKEN_SIZE - 1);
			out[TOKEN_SIZE - 1] = '\0';
			return true;
		}
		at += len;
	}
	return false;
}

static void identify_session(struct call *call, const char *token)
{
	if (!look_up(call,
	             "SELECT u.id, u.login, u.full_name, u.role, "
	             "array_to_string(u.labs, ','), "
	             "(extract(epoch FROM s.expires_at) * 1000)::bigint "
	             "FROM integration.user_session s JOIN integration.users u "
	             "ON u.id = s.user_id WHERE s.token_hash = $1 AND u.is_active "
	             "AND s.expires_at > now()",
	             token))
		return;
	call->who.via = VIA_SESSION;
	token_csrf(token, call->who.csrf);
	token_hash(token, call->who.session);
}

static bool refuse(struct call *call)
{
	if (call_failed(call))
		return false;
	call_fail(call, CODE_UNKNOWN_CALLER,
	          "Log in, or send a valid token as Authorization: Bearer");
	httpd_header(&call->headers, "www-authenticate", "Bearer");
	return false;
}

/*
 * Of two credentials each must be good: one that somebody could slip into another's request
 * is not passed over.
 */
static bool cookie_is_good(struct call *call)
{
	const char *cookies = http_head_find(&call->request->head, "cookie");
	char cookie[TOKEN_SIZE];

	if (!cookies || !strstr(cookies, "fleet_session="))
		return true;
	if (find_cookie(call, cookie))
		identify_session(call, cookie);
	bool good = call->who.role != ROLE_NONE;
	who_release(&call->who);
	return good;
}

static bool identify_internal(struct call *call, const char *token)
{
	if (!tokens_accept(call->d->internal_tokens, token))
		return refuse(call);
	call->who = (struct who){ .via = VIA_INTERNAL,
		                  .role = ROLE_OPERATOR,
		                  .all_labs = true };
	(void)snprintf(call->who.login, sizeof(call->who.login), "internal");
	return true;
}

bool who_identify(struct call *call)
{
	const struct http_head *head = &call->request->head;
	const char *authorization = http_head_find(head, "authorization");
	const char *internal = http_head_find(head, "x-internal-token");
	char cookie[TOKEN_SIZE];

	if ((call->route->flags & ROUTE_INTERNAL) && internal)
		return identify_internal(call, internal);
	if (authorization && strncasecmp(authorization, "bearer ", 7) == 0) {
		if (!cookie_is_good(call))
			return refuse(call);
		identify_bearer(call, authorization + 7 + strspn(authorization + 7, " "));
	} else if (find_cookie(call, cookie)) {
		identify_session(call, cookie);
	}
	return call->who.role != ROLE_NONE || refuse(call);
}

/* Another site can make a browser send the cookie, but neither read nor guess this. */
static bool is_ours(const struct call *call)
{
	const struct http_head *head = &call->request->head;
	const char *csrf = http_head_find(head, "x-csrf-token");
	const char *site = http_head_find(head, "sec-fetch-site");

	if (call->who.via != VIA_SESSION || strcmp(call->route->method, "GET") == 0)
		return true;
	if (site && strcmp(site, "same-origin") != 0 && strcmp(site, "none") != 0)
		return false;
	return csrf && strlen(csrf) == TOKEN_SIZE - 1 &&
	       sodium_memcmp(csrf, call->who.csrf, TOKEN_SIZE - 1) == 0;
}

bool who_authorise(struct call *call)
{
	if (!is_ours(call)) {
		call_fail(
			call, CODE_FORBIDDEN,
			"x-csrf-token is missing or not the session's: GET /api/v1/me has "
			"it");
		return false;
	}
	if (call->who.role < call->route->role) {
		call_fail(call, CODE_FORBIDDEN, "this needs the role %s",
		          role_word(call->route->role));
		return false;
	}
	return true;
}
