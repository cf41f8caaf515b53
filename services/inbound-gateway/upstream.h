#pragma once
/*
 * The LIS: connections to LIS_UPSTREAM_URL, kept alive and used again. A connection serves
 * one call at a time.
 */
#include "gateway.h"
#include "http1/reader.h"
#include "wire.h"

struct call;
struct link {
	TAILQ_ENTRY(link) entry;
	struct upstream *upstream;
	struct wire wire;
	struct http1_reader *reader;
	struct call *call; /* NULL: idle */
	size_t address;    /* which one, and how many were tried */
	size_t tried;
	int64_t idle_since_ms;
	bool reused, heard; /* has anything of this answer come? */
	bool feeding, ended, dead;
};

/* Of LIS_UPSTREAM_URL: http://host[:port], nothing behind it. NULL: it is so. */
const char *upstream_url_fault(const char *url);
struct upstream *upstream_open(struct gateway *gw);
struct upstream *upstream_close(struct upstream *u);
const char *upstream_authority(const struct upstream *u); /* for a host header */

/*
 * A connection for this call; while it is being made, what is sent waits. `fresh`: none
 * that was used before. NULL: the name of the LIS is not known (yet).
 */
struct link *upstream_link(struct upstream *u, struct call *call, bool fresh);
/* The LIS's next address; what was sent waits for it. False: all were tried. */
bool link_try_next(struct link *l);
/* The exchange is complete; the connection is kept when it may be. */
void link_release(struct link *l, bool keep);
void upstream_sweep(struct upstream *u, int64_t now_ms);
