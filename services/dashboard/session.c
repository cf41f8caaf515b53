/* Who is asking: logging in and out, and what a person's page keeps. */
#include "api.h"

#include "base/clock.h"
#include "limiter.h"
#include "json/jdoc.h"

#include <inttypes.h>
#include <stdio.h>

#define LOGIN_MAX       100
#define PASSWORD_MAX    200
#define PREFERENCES_MAX 65536

static json_t *time_json(int64_t wall_ms)
{
	char text[CLOCK_ISO_SIZE];

	return wall_ms ? json_string(clock_format_iso(wall_ms, text)) : json_null();
}

static json_t *labs_json(const struct who *who)
{
	json_t *labs = json_array();

	if (who->all_labs) {
		json_decref(labs);
		return json_null();
	}
	for (size_t i = 0; i < who->n_labs; i++)
		(void)json_array_append_new(labs, json_integer(who->labs[i]));
	return labs;
}

void api_me(struct call *call)
{
	static const char *const via[] = { "nobody", "admin-token", "token", "session",
		                           "internal" };
	const struct who *who = &call->who;

	call_answer(
		call, CODE_OK,
		json_pack("{s:s,s:s,s:s,s:o,s:s,s:o,s:o,s:o}", "login", who->login,
	                  "full_name", who->full_name, "role", role_word(who->role), "labs",
	                  labs_json(who), "via", via[who->via], "csrf_token",
	                  who->via == VIA_SESSION ? json_string(who->csrf) : json_null(),
	                  "expires_at", time_json(who->expires_ms), "server_time",
	                  time_json(clock_wall_ms())));
}

/* Who may have it is found out here; stream.c goes on, on the loop. */
void api_stream(struct call *call)
{
	int64_t lab_id = 0;

	if (!call_query_int(call, "lab_id", 1, JSON_NUMBER_MAX, &lab_id) ||
	    (lab_id && !call_lab(call, lab_id)))
		return;
	call->code = CODE_OK;
	call->streams = true;
}

/* ---- logging in ---- */

static void set_cookie(struct call *call, const char *token, int64_t ms)
{
	CLEANUP(freep)
	char *cookie = xasprintf(
		"fleet_session=%s; Path=/; HttpOnly; SameSite=Lax; Max-Age=%" PRId64 "%s",
		token, ms / 1000, call->d->config->cookie_secure ? "; Secure" : "");

	httpd_header(&call->headers, "set-cookie", cookie);
}

static bool open_session(struct call *call, const char *token)
{
	char hash[HASH_HEX], id[24], ms[24];
	const char *params[] = { hash, id, ms };
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;

	token_hash(token, hash);
	(void)snprintf(id, sizeof(id), "%" PRId64, call->who.user_id);
	(void)snprintf(ms, sizeof(ms), "%" PRId64, call->d->config->session_ms);
	if (call_pg(call,
	            "WITH old AS (DELETE FROM integration.user_session "
	            "WHERE expires_at < now()) "
	            "INSERT INTO integration.user_session (token_hash, user_id, "
	            "expires_at) "
	            "VALUES ($1, $2, now() + $3::bigint * interval '1 ms') "
	            "RETURNING (extract(epoch FROM expires_at) * 1000)::bigint",
	            params, ARRAY_SIZE(params), &rows))
		return false;
	call->who.expires_ms = pg_int(rows, 0, 0);
	call->who.via = VIA_SESSION;
	token_csrf(token, call->who.csrf);
	return true;
}

/* Who has this login and password; the time it takes does not tell which was wrong. */
static bool check_password(struct call *call, const char *login, const char *password)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	const char *params[] = { login };
	const char *hash;

	if (call_pg(call,
	            "SELECT id, login, full_name, role, array_to_string(labs, ','), 0, "
	            "password_hash FROM integration.users WHERE login = $1 AND is_active",
	            params, 1, &rows))
		return false;
	hash = pg_rows(rows) ? pg_text(rows, 0, 6) : NULL;
	if (!password_fits(hash, password))
		return false;
	who_fill(&call->who, rows);
	return true;
}

static void refuse_login(struct call *call, const char *login)
{
	struct audit audit = { .action = "login-failed", .object = "user" };

	limiter_failed(call->d->limiter, login, call->request->peer, clock_mono_ms());
	metric_add(&metric_logins, "refused", 1);
	(void)snprintf(call->who.login, sizeof(call->who.login), "%s", login);
	if (call_audit(call, &audit))
		call_fail(call, CODE_UNKNOWN_CALLER, "the login or the password is wrong");
}

static void log_in(struct call *call, const char *login, const char *password)
{
	struct audit audit = { .action = "login", .object = "user" };
	char token[TOKEN_SIZE];

	if (!check_password(call, login, password)) {
		if (!call_failed(call))
			refuse_login(call, login);
		return;
	}
	token_make(token);
	if (!open_session(call, token) || !call_audit(call, &audit))
		return;
	limiter_passed(call->d->limiter, login);
	metric_add(&metric_logins, "done", 1);
	set_cookie(call, token, call->d->config->session_ms);
	api_me(call);
}

void api_log_in(struct call *call)
{
	const char *login = jdoc_text_or(call->body, "login", "");
	const char *password = jdoc_text_or(call->body, "password", "");
	char seconds[16];

	if (!*login || call_characters(login) > LOGIN_MAX)
		call_fault(call, "/login", "login has 1 to %d characters", LOGIN_MAX);
	if (!*password || call_characters(password) > PASSWORD_MAX)
		call_fault(call, "/password", "password is missing, or too long");
	if (call_failed(call))
		return;
	int wait =
		limiter_wait(call->d->limiter, login, call->request->peer, clock_mono_ms());
	if (wait == 0) {
		log_in(call, login, password);
		return;
	}
	metric_add(&metric_logins, "limited", 1);
	(void)snprintf(seconds, sizeof(seconds), "%d", wait);
	httpd_header(&call->headers, "retry-after", seconds);
	call_fail(call, CODE_TOO_MANY, "too many wrong passwords; try again in %s seconds",
	          seconds);
}

void api_log_out(struct call *call)
{
	struct audit audit = { .action = "logout", .object = "user" };
	const char *params[] = { call->who.session };

	if (call->who.via != VIA_SESSION) {
		call_fail(call, CODE_CONFLICT, "a token has no session");
		return;
	}
	if (call_pg(call, "DELETE FROM integration.user_session WHERE token_hash = $1",
	            params, 1, NULL) ||
	    !call_audit(call, &audit))
		return;
	set_cookie(call, "", 0);
	call_answer(call, CODE_NO_CONTENT, NULL);
}

/* ---- preferences ---- */

/* Of a person, or of a token that is nobody's. */
static const char *owner_of(const struct call *call, char id[24])
{
	if (call->who.user_id == 0)
		return call->who.login;
	(void)snprintf(id, 24, "%" PRId64, call->who.user_id);
	return id;
}

void api_preferences(struct call *call)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	char id[24];
	const char *params[] = { owner_of(call, id) };
	const char *text;
	json_t *doc = NULL;

	if (call_pg(call,
	            call->who.user_id
	                    ? "SELECT preferences FROM integration.users WHERE id = $1"
	                    : "SELECT preferences FROM integration.token_preferences "
	                      "WHERE login = $1",
	            params, 1, &rows))
		return;
	text = pg_rows(rows) ? pg_text(rows, 0, 0) : NULL;
	if (text)
		doc = jdoc_parse(text, strlen(text), NULL);
	call_answer(call, CODE_OK, doc ? doc : json_object());
}

void api_put_preferences(struct call *call)
{
	size_t len;
	CLEANUP(freep) char *text = jdoc_dump(call->body, &len);
	char id[24];
	const char *params[] = { owner_of(call, id), text };

	if (len > PREFERENCES_MAX) {
		call_fault(call, "", "preferences have at most %d bytes", PREFERENCES_MAX);
		return;
	}
	if (call_pg(call,
	            call->who.user_id
	                    ? "UPDATE integration.users SET preferences = $2 WHERE id = $1"
	                    : "INSERT INTO integration.token_preferences VALUES ($1, $2) "
	                      "ON CONFLICT (login) DO UPDATE SET preferences = $2",
	            params, ARRAY_SIZE(params), NULL) == 0)
		call_answer(call, CODE_OK, json_incref(call->body));
}
