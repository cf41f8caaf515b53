#include "people/people.h"

#include <sodium.h>
#include <stdio.h>

/* Argon2id as OWASP has it for many at once: 19 MiB, two passes. */
#define PASSES       2
#define MEMORY_BYTES ((size_t)19 * 1024 * 1024)

static const char *const words[] = { "none", "viewer", "operator", "admin" };

const char *role_word(enum role role)
{
	return words[role];
}

enum role role_parse(const char *word)
{
	for (int role = ROLE_VIEWER; role <= ROLE_ADMIN; role++)
		if (word && strcmp(words[role], word) == 0)
			return (enum role)role;
	return ROLE_NONE;
}

/* ---- tokens ---- */

void token_make(char token[TOKEN_SIZE])
{
	unsigned char bytes[(TOKEN_SIZE - 1) / 2];

	randombytes_buf(bytes, sizeof(bytes));
	(void)sodium_bin2hex(token, TOKEN_SIZE, bytes, sizeof(bytes));
}

static void keyed_hash(const char *token, const char *purpose, unsigned char out[32])
{
	(void)crypto_generichash(out, 32, (const unsigned char *)token, strlen(token),
	                         (const unsigned char *)purpose, strlen(purpose));
}

void token_hash(const char *token, char out[HASH_HEX])
{
	unsigned char hash[32];

	keyed_hash(token, "integration-fleet session", hash);
	out[0] = '\\';
	out[1] = 'x';
	(void)sodium_bin2hex(out + 2, HASH_HEX - 2, hash, sizeof(hash));
}

void token_csrf(const char *token, char out[TOKEN_SIZE])
{
	unsigned char hash[32];

	keyed_hash(token, "integration-fleet csrf", hash);
	(void)sodium_bin2hex(out, TOKEN_SIZE, hash, sizeof(hash));
}

/* ---- passwords ---- */

void password_hash(const char *password, char out[PASSWORD_HASH_SIZE])
{
	_Static_assert(PASSWORD_HASH_SIZE >= crypto_pwhash_STRBYTES, "room for a hash");
	if (crypto_pwhash_str(out, password, strlen(password), PASSES, MEMORY_BYTES))
		abort(); /* out of memory */
}

bool password_fits(const char *hash, const char *password)
{
	char none[PASSWORD_HASH_SIZE];

	if (hash)
		return crypto_pwhash_str_verify(hash, password, strlen(password)) == 0;
	password_hash(password, none);
	return false;
}

void password_make(char out[PASSWORD_MADE_SIZE])
{
	static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";

	for (size_t i = 0; i < PASSWORD_MADE_SIZE - 1; i++) {
		out[i] = letters[randombytes_uniform(sizeof(letters) - 1)];
		if (i % 5 == 4)
			out[i] = '-';
	}
	out[PASSWORD_MADE_SIZE - 1] = '\0';
}

/* ---- people ---- */

int people_add(struct pg *pg, const struct person *person, int64_t deadline_ms)
{
	char hash[PASSWORD_HASH_SIZE];
	const char *params[] = { person->login, person->full_name, role_word(person->role),
		                 person->labs, NULL };

	if (person->password) {
		password_hash(person->password, hash);
		params[4] = hash;
	}
	int result = pg_query(pg,
	                      "INSERT INTO integration.users (login, full_name, role, "
	                      "labs, password_hash) VALUES ($1, $2, $3, $4, $5)",
	                      params, ARRAY_SIZE(params), deadline_ms, NULL);
	return result == PG_E_REFUSED && strcmp(pg_sqlstate(pg), "23505") == 0
	               ? PEOPLE_E_THERE
	               : result;
}

static int change(struct pg *pg, const char *sql, const char *const *params, size_t n,
                  int64_t deadline_ms)
{
	CLEANUP(pg_result_freep) struct pg_result *rows = NULL;
	int result = pg_query(pg, sql, params, n, deadline_ms, &rows);

	if (result)
		return result;
	return pg_rows(rows) ? 0 : PEOPLE_E_UNKNOWN;
}

int people_enable(struct pg *pg, const char *login, bool enable, int64_t deadline_ms)
{
	const char *params[] = { login, enable ? "true" : "false" };

	return change(pg,
	              "WITH u AS (UPDATE integration.users SET is_active = $2 "
	              "WHERE login = $1 RETURNING id, is_active), "
	              "s AS (DELETE FROM integration.user_session USING u "
	              "WHERE user_id = u.id AND NOT u.is_active), "
	              "t AS (DELETE FROM integration.user_token USING u "
	              "WHERE user_id = u.id AND NOT u.is_active) SELECT id FROM u",
	              params, ARRAY_SIZE(params), deadline_ms);
}

int people_set_password(struct pg *pg, const char *login, const char *password,
                        int64_t deadline_ms)
{
	char hash[PASSWORD_HASH_SIZE];
	const char *params[] = { login, hash };

	password_hash(password, hash);
	return change(pg,
	              "WITH u AS (UPDATE integration.users SET password_hash = $2 "
	              "WHERE login = $1 RETURNING id), "
	              "s AS (DELETE FROM integration.user_session USING u "
	              "WHERE user_id = u.id) SELECT id FROM u",
	              params, ARRAY_SIZE(params), deadline_ms);
}

int people_add_token(struct pg *pg, const char *login, const char *name, int days,
                     char token[TOKEN_SIZE], int64_t deadline_ms)
{
	char hash[HASH_HEX], number[16];
	const char *params[] = { login, name, hash, days ? number : NULL };

	token_make(token);
	token_hash(token, hash);
	(void)snprintf(number, sizeof(number), "%d", days);
	return change(pg,
	              "INSERT INTO integration.user_token (user_id, name, token_hash, "
	              "expires_at) SELECT id, $2, $3, now() + $4::int * interval '1 day' "
	              "FROM integration.users WHERE login = $1 AND is_active RETURNING id",
	              params, ARRAY_SIZE(params), deadline_ms);
}
