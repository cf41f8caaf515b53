#pragma once
/* Who is asking, what they may do, which labs they see. */
#include "base/util.h"

#include <stdbool.h>

enum role { ROLE_NONE, ROLE_VIEWER, ROLE_OPERATOR, ROLE_ADMIN };
const char *role_word(enum role role);
enum role role_parse(const char *word); /* ROLE_NONE: no role */

enum via { VIA_NOBODY, VIA_ADMIN_TOKEN, VIA_TOKEN, VIA_SESSION, VIA_INTERNAL };

#define WHO_LABS_MAX 1000
#define TOKEN_SIZE   65 /* 32 bytes in hex */
#define HASH_HEX     67 /* "\\x" and 32 bytes: bytea as text */

struct who {
	enum via via;
	enum role role;
	int64_t user_id; /* 0: no person */
	char login[101], full_name[201];
	bool all_labs;
	int64_t *labs; /* owned */
	size_t n_labs;
	char csrf[TOKEN_SIZE];  /* of a session */
	char session[HASH_HEX]; /* its hash */
	int64_t expires_ms;
};
void who_release(struct who *who);
bool who_sees(const struct who *who, int64_t lab_id);

struct call;
/* Fills call->who. False: refused, said. */
bool who_identify(struct call *call);
/* Role, and for sessions that the request comes from our own page. False: said. */
bool who_authorise(struct call *call);

/* The text that a cookie or a bearer carries, made new, and what is kept of it. */
void token_make(char token[TOKEN_SIZE]);
void token_hash(const char *token, char out[HASH_HEX]);
void token_csrf(const char *token, char out[TOKEN_SIZE]);
