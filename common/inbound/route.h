#pragma once
/* One row of integration.inbound_route. Only for common/inbound. */
#include "inbound/directory.h"

enum place_kind {
	PLACE_BEARER, /* authorization: Bearer KEY, Token KEY */
	PLACE_HEADER,
	PLACE_QUERY,
	PLACE_PATH, /* the segment {key}; in a path without one, a segment that is a known
	               key */
};

struct key_place {
	enum place_kind kind;
	char *name;
};

int route_parse(const struct route_cells *cells, struct inbound_route *out,
                struct err_text *why) MUST_CHECK;
/* What takes the calls that no row matches. */
void route_init_fallback(struct inbound_route *route);
void route_deinit(struct inbound_route *route);
bool route_matches(const struct inbound_route *route, const char *method,
                   const struct target *target);
