#pragma once
/* Who is asking, what they may do, which labs they see. */
#include "people/people.h"

#include <stdbool.h>

enum via { VIA_NOBODY, VIA_ADMIN_TOKEN, VIA_TOKEN, VIA_SESSION, VIA_INTERNAL };

#define WHO_LABS_MAX 1000

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
/* Fills `who` from a row: id, login, full_name, role, labs, expiry. */
void who_fill(struct who *who, const struct pg_result *rows);
/* Role, and for sessions that the request comes from our own page. False: said. */
bool who_authorise(struct call *call);
