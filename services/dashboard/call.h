#pragma once
/*
 * A request under way: found its route on the loop, then everything else on a worker
 * thread (who asks, may they, do it), then answered on the loop.
 */
#include "httpd/codes.h"
#include "httpd/target.h"
#include "pool.h"
#include "who.h"

#include <jansson.h>

#define QUERY_TEXT_MAX  200  /* characters */
#define QUERY_VALUE_MAX 1000 /* bytes, of a cursor */
#define DATABASE_MS     5000 /* a statement, a read */
#define PRODUCE_MS      10000
#define JSON_NUMBER_MAX 9007199254740991LL /* what every reader of JSON keeps exactly */

struct call;
typedef void (*call_run_fn)(struct call *call);

struct route {
	const char *method;
	const char *path; /* "/api/v1/logs/{log_id}/retries" */
	enum role role;   /* the least; ROLE_NONE: anybody */
	unsigned flags;
	call_run_fn run;
};
enum {
	ROUTE_SLOW = 1,     /* it waits for other programs, or for a hash */
	ROUTE_BODY = 2,     /* a JSON object, parsed before */
	ROUTE_INTERNAL = 4, /* x-internal-token will do */
	ROUTE_NO_BODY_OK = 8,
	ROUTE_SENDS = 16,  /* it waits for a partner */
	ROUTE_SHARED = 32, /* readers of all labs share its answer for a moment */
};

struct call {
	struct dashboard *d;
	struct pool *pool;
	struct httpd_request *request;
	const struct route *route;
	char parts[HTTP_PARTS_MAX][HTTP_PART_SIZE];
	char id[17];
	int64_t began_us;
	struct stores *stores;
	struct who who;
	json_t *body;

	/* the answer */
	int code; /* 0: nothing was said yet */
	json_t *answer;
	char *text; /* `answer` as bytes, made before it goes back to the loop */
	size_t text_len;
	struct buf raw; /* instead of `answer`, with raw_type */
	const char *raw_type;
	struct buf headers;
	bool streams; /* stream.c takes the request over */
};

/* The answer; takes the reference. */
void call_answer(struct call *call, int code, json_t *answer);
/* The same of one that is JSON text already, which it takes. */
void call_answer_text(struct call *call, int code, struct buf *text);
/* Problem details. The last word counts. */
void call_fail(struct call *call, int code, const char *fmt, ...) PRINTF(3, 4);
/* And which field of the body (a JSON pointer) or which parameter; may be called again. */
void call_fault(struct call *call, const char *pointer, const char *fmt, ...) PRINTF(3, 4);
bool call_failed(const struct call *call);
void call_store_away(struct call *call); /* 503 */
void call_postgres_failed(struct call *call, int result);

/* ---- parameters; on a fault they say so and return false ---- */

size_t call_characters(const char *text); /* of UTF-8 */
/* The query's parameter; NULL when absent or empty. The caller frees. */
char *call_query(struct call *call, const char *name);
/* *out stays when it is absent. */
bool call_query_int(struct call *call, const char *name, int64_t min, int64_t max,
                    int64_t *out);
/* RFC 3339, or relative to now: -24h, -7d, -30m. */
bool call_query_time(struct call *call, const char *name, int64_t *out);
bool call_path_int(struct call *call, size_t part, int64_t *out);
bool call_path_log_id(struct call *call, struct log_id *out);
/* A member of the body, of that type or a fault. Absent (a text may be null): the fallback;
 * false. */
const char *call_body_text(struct call *call, const char *name, const char *fallback);
bool call_body_flag(struct call *call, const char *name);
/* May the caller see this lab? Says 404 when not. */
bool call_lab(struct call *call, int64_t lab_id);
/* PostgreSQL's array of the caller's labs, "{1,2}"; NULL: all. The caller frees. */
char *call_labs_array(const struct call *call);

/* ---- stores ---- */

/* On failure the answer is said. */
int call_pg(struct call *call, const char *sql, const char *const *params, size_t n,
            struct pg_result **out) MUST_CHECK;
/* One message, acknowledged. False: said. */
bool call_produce(struct call *call, const struct kafka_message *m);

/*
 * Who did what; `detail` is taken and may be NULL, and holds no secret and nothing of a
 * patient. False: it could not be written, and that is said.
 */
struct audit {
	const char *action, *object, *object_id;
	int64_t lab_id; /* 0: none */
	json_t *detail;
};
bool call_audit(struct call *call, const struct audit *audit);

/* ---- routes.c ---- */
/* NULL: there are no more. */
const struct route *route_at(size_t i);
#define ALLOW_SIZE 64
/* NULL: `allow` has the methods that this address takes; "": there is no such address. */
const struct route *route_find(const char *method, const char *path,
                               char parts[][HTTP_PART_SIZE], char allow[ALLOW_SIZE]);
