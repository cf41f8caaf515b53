#pragma once
/*
 * Who may call, and what the APIs are called: keys of integration.developer_authentication
 * and rows of integration.inbound_route, as an immutable snapshot counted by references
 * (any thread), but for the rates' buckets, which belong to the thread that asks for them.
 *
 * Keys are kept as hashes (auth_key_hash; one that is not sealed yet under a key of this
 * process), and found by comparing hashes: no time tells how much of a key was right.
 */
#include "base/err.h"
#include "domain/bucket.h"
#include "http1/reader.h"
#include "inbound/target.h"

#include <stdbool.h>
#include <sys/socket.h>

enum capture_level { CAPTURE_NOTHING, CAPTURE_HEADERS, CAPTURE_BODIES };

struct address_block {
	struct sockaddr_storage address;
	unsigned bits;
};
/* "10.0.0.0/8", "::1". False: it is none. */
bool address_block_parse(const char *text, size_t len, struct address_block *out);
bool address_block_holds(const struct address_block *b, const struct sockaddr *address);

struct developer {
	int64_t auth_id, lab_id, org_id;
	char *name;
	bool enabled;
	double rate;                     /* calls a second; 0 = unlimited */
	struct address_block *addresses; /* none: from anywhere */
	size_t n_addresses;
	struct bucket bucket;
};

struct key_place; /* directory.c */
struct inbound_route {
	int64_t id;
	char *operation; /* NULL: the path without slashes around it */
	char *category;  /* NULL */
	char *method;    /* NULL: any */
	char **segments; /* of its path: a text, "{key}", or "*" */
	size_t n_segments;
	struct key_place *places;
	size_t n_places;
	bool refuse_unknown;
	enum capture_level capture;
	size_t body_limit; /* SIZE_MAX: the program's */
	char *references;  /* rules, inbound/references.h */
};

/* One row each, as PostgreSQL gives them; NULL for null. Borrowed. */
struct developer_cells {
	const char *id;
	const char *auth_key;      /* in plain text; only while it has no hash */
	const char *auth_key_hash; /* hex */
	const char *lab_id, *org_id, *name, *enabled, *rate, *addresses;
	const char *until_ms; /* it was replaced, and counts until then; NULL: for ever */
};
struct route_cells {
	const char *id, *method, *path, *operation, *category, *keys, *unknown_key,
		*capture, *body_limit, *references;
};

struct directory;
struct keyring;
/* The keyring is borrowed, and outlives it. */
struct directory *directory_new(int64_t version, const struct keyring *keys);
/*
 * Before it is shared and asked. Of rows with the same key the first one counts. A replaced
 * key comes after the one of its developer, and shares its bucket.
 */
void directory_add_developer(struct directory *d, const struct developer_cells *cells);
/* 1: the row cannot be used, and is left out; `why` names the column. */
int directory_add_route(struct directory *d, const struct route_cells *cells,
                        struct err_text *why) MUST_CHECK;
struct directory *directory_ref(struct directory *d);
struct directory *directory_unref(struct directory *d); /* NULL in, NULL out */
int64_t directory_version(const struct directory *d);
size_t directory_size(const struct directory *d); /* developers with a key */
/* The buckets go on as they are in the snapshot before. */
void directory_keep_buckets(struct directory *d, const struct directory *before);

struct developer *directory_find(const struct directory *d, const char *key, size_t len,
                                 int64_t now_ms);
/* Never NULL: the last one takes every call. */
const struct inbound_route *directory_route(const struct directory *d, const char *method,
                                            const struct target *target);

struct presented_key {
	struct developer *developer;  /* NULL: the key is unknown */
	bool present;                 /* a key was found at one of the places */
	struct target_span in_target; /* len 0: it is in a header */
	struct target_span segment;   /* of {key}; not shown, whether it counts or not */
	const struct http1_header *header;
	char shown[16]; /* "****" and its last four */
};
/*
 * `now_ms` is the wall clock's, for replaced keys. Looks at the route's places in their
 * order: the first known key counts, else the first that is there.
 */
void directory_key(const struct directory *d, const struct inbound_route *route,
                   const struct http1_head *head, const struct target *target,
                   int64_t now_ms, struct presented_key *out);
