#pragma once
/*
 * Who may use the dashboard: integration.users, their passwords (Argon2id) and the tokens
 * of scripts. A token is random text; its hash is all that is kept. Blocking; one thread a
 * pg.
 */
#include "postgres/postgres.h"

enum role { ROLE_NONE, ROLE_VIEWER, ROLE_OPERATOR, ROLE_ADMIN };
const char *role_word(enum role role);
enum role role_parse(const char *word); /* ROLE_NONE: no role */

#define TOKEN_SIZE 65 /* 32 bytes in hex, with the terminator */
#define HASH_HEX   67 /* "\x" and 32 bytes in hex: bytea as text */
void token_make(char token[TOKEN_SIZE]);
void token_hash(const char *token, char out[HASH_HEX]);
/* What proves that a request comes from a page that this session's answers reach. */
void token_csrf(const char *token, char out[TOKEN_SIZE]);

#define PASSWORD_MIN       10
#define PASSWORD_HASH_SIZE 128
void password_hash(const char *password, char out[PASSWORD_HASH_SIZE]);
/* `hash` NULL: false, after the same work as with one. */
bool password_fits(const char *hash, const char *password);
/* 24 characters that are easily typed. */
#define PASSWORD_MADE_SIZE 25
void password_make(char out[PASSWORD_MADE_SIZE]);

enum { PEOPLE_E_UNKNOWN = 16, PEOPLE_E_THERE }; /* beside PG_E_... */

struct person {
	const char *login, *full_name;
	enum role role;
	const char *labs;     /* PostgreSQL's array, "{1,2}"; NULL: all */
	const char *password; /* NULL: cannot log in with one */
};
/* PEOPLE_E_THERE: the login is taken. */
int people_add(struct pg *pg, const struct person *person, int64_t deadline_ms) MUST_CHECK;
/* Switched off, the sessions and tokens end as well. */
int people_enable(struct pg *pg, const char *login, bool enable,
                  int64_t deadline_ms) MUST_CHECK;
int people_set_password(struct pg *pg, const char *login, const char *password,
                        int64_t deadline_ms) MUST_CHECK;
/* A new token; days 0: until its user is switched off. */
int people_add_token(struct pg *pg, const char *login, const char *name, int days,
                     char token[TOKEN_SIZE], int64_t deadline_ms) MUST_CHECK;
