#include "inbound/route.h"

#include "inbound/references.h"
#include "json/jdoc.h"

#include <strings.h>

static const char fallback_keys[] =
	"{bearer,header:x-auth-key,query:authKey,query:token,path}";

/* As the column's default. */
static const char fallback_references[] =
	"{\"bill_id\": [\"response.billId\", \"response.bill_id\", \"request.billId\", "
	"\"request.bill_id\", \"query.billId\", \"query.bill_id\"],"
	"\"patient_id\": [\"response.patientId\", \"response.patient_id\", "
	"\"request.patientId\", \"request.patient_id\", \"query.patientId\"],"
	"\"appointment_id\": [\"response.appointmentId\", \"response.appointment_id\", "
	"\"request.appointmentId\", \"request.appointment_id\", \"query.appointmentId\"],"
	"\"report_id\": [\"response.reportDetails.0.CentreReportId\", "
	"\"request.CentreReportId\", \"query.CentreReportId\"]}";

static void add_segment(struct inbound_route *r, const char *text, size_t len)
{
	r->segments = xrealloc(r->segments, (r->n_segments + 1) * sizeof(*r->segments));
	r->segments[r->n_segments++] = xstrndup(text, len);
}

static void take_path(struct inbound_route *r, const char *path)
{
	while (*path) {
		path += strspn(path, "/");
		size_t len = strcspn(path, "/");

		if (len > 0)
			add_segment(r, path, len);
		path += len;
	}
}

static int add_place(struct inbound_route *r, const char *text, size_t len,
                     struct err_text *why)
{
	static const struct {
		const char *word;
		enum place_kind kind;
		bool named;
	} words[] = {
		{ "bearer", PLACE_BEARER, false },
		{ "header:", PLACE_HEADER, true },
		{ "query:", PLACE_QUERY, true },
		{ "path", PLACE_PATH, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t n = strlen(words[i].word);

		if (len < n || strncmp(text, words[i].word, n) != 0 ||
		    (words[i].named ? len == n : len > n))
			continue;
		r->places = xrealloc(r->places, (r->n_places + 1) * sizeof(*r->places));
		r->places[r->n_places++] =
			(struct key_place){ words[i].kind, xstrndup(text + n, len - n) };
		return 0;
	}
	return err_say(why, 1,
	               "inbound_route.keys: a place is bearer, path, header:NAME or "
	               "query:NAME");
}

static int take_places(struct inbound_route *r, const char *list, struct err_text *why)
{
	int result = 0;

	while (*list && result == 0) {
		list += strspn(list, "{},\"");
		size_t len = strcspn(list, "{},\"");

		if (len > 0)
			result = add_place(r, list, len, why);
		list += len;
	}
	return result;
}

static int add_rule(const char *field, const json_t *place, struct buf *out,
                    struct err_text *why)
{
	if (!references_check(field, json_string_value(place), why))
		return 1;
	buf_printf(out, "%s %s\n", field, json_string_value(place));
	return 0;
}

/* {"bill_id": ["response.billId", …]} */
static int take_references(struct inbound_route *r, const char *text, struct err_text *why)
{
	CLEANUP_JSON json_t *doc = jdoc_parse(text, strlen(text), why);
	struct buf rules = BUF_INIT(0);
	int result = 0;
	const char *field;
	json_t *places, *place;
	size_t i;

	if (!json_is_object(doc))
		return err_say(why, 1, "inbound_route.refs: must be an object");
	json_object_foreach (doc, field, places) {
		if (json_is_string(places) && result == 0)
			result = add_rule(field, places, &rules, why);
		json_array_foreach (places, i, place)
			if (result == 0)
				result = add_rule(field, place, &rules, why);
	}
	r->references = buf_take(&rules);
	return result;
}

static int take_capture(struct inbound_route *r, const char *word, struct err_text *why)
{
	static const char *const words[] = { [CAPTURE_NOTHING] = "nothing",
		                             [CAPTURE_HEADERS] = "headers",
		                             [CAPTURE_BODIES] = "bodies" };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i], word) == 0) {
			r->capture = (enum capture_level)i;
			return 0;
		}
	}
	return err_say(why, 1, "inbound_route.capture: nothing, headers or bodies");
}

static char *copy(const char *text)
{
	return text && *text ? xstrdup(text) : NULL;
}

int route_parse(const struct route_cells *cells, struct inbound_route *out,
                struct err_text *why)
{
	*out = (struct inbound_route){
		.id = cells->id ? strtoll(cells->id, NULL, 10) : 0,
		.operation = copy(cells->operation),
		.category = copy(cells->category),
		.method = copy(cells->method),
		.refuse_unknown =
			cells->unknown_key && strcmp(cells->unknown_key, "refuse") == 0,
		.body_limit = cells->body_limit ? strtoull(cells->body_limit, NULL, 10)
		                                : SIZE_MAX,
	};
	take_path(out, cells->path ? cells->path : "/");
	int result = take_places(out, cells->keys ? cells->keys : fallback_keys, why);
	if (result == 0)
		result = take_references(out, cells->references ? cells->references : "{}",
		                         why);
	if (result == 0)
		result = take_capture(out, cells->capture ? cells->capture : "bodies", why);
	if (result)
		route_deinit(out);
	return result;
}

void route_init_fallback(struct inbound_route *route)
{
	static const struct route_cells cells = { .path = "/",
		                                  .references = fallback_references };
	struct err_text why;

	if (route_parse(&cells, route, &why))
		abort();
}

void route_deinit(struct inbound_route *r)
{
	for (size_t i = 0; i < r->n_segments; i++)
		free(r->segments[i]);
	for (size_t i = 0; i < r->n_places; i++)
		free(r->places[i].name);
	free(r->segments);
	free(r->places);
	free(r->operation);
	free(r->category);
	free(r->method);
	free(r->references);
	*r = (struct inbound_route){ 0 };
}

static bool segment_matches(const char *wanted, const struct target *t, size_t i)
{
	const struct target_span *s = &t->segment[i];

	if (strcmp(wanted, "*") == 0 || strcmp(wanted, "{key}") == 0)
		return true;
	return strlen(wanted) == s->len && memcmp(wanted, t->text + s->at, s->len) == 0;
}

/* The path begins with the row's; where its last segment is {key}, that may be missing. */
bool route_matches(const struct inbound_route *r, const char *method,
                   const struct target *target)
{
	size_t n = r->n_segments;

	if (r->method && strcasecmp(r->method, method) != 0)
		return false;
	if (target->n_segments < n && n > 0 && strcmp(r->segments[n - 1], "{key}") == 0)
		n--;
	if (target->n_segments < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!segment_matches(r->segments[i], target, i))
			return false;
	return true;
}

/* ---- the key of a call ---- */

struct found {
	const char *text; /* decoded when `decoded` has it */
	size_t len;
	struct target_span in_target;
	const struct http1_header *header;
};

static bool in_header(const struct key_place *place, const struct http1_head *head,
                      struct found *out)
{
	const char *name = place->kind == PLACE_BEARER ? "authorization" : place->name;

	for (size_t i = 0; i < head->n_headers; i++) {
		const struct http1_header *h = &head->headers[i];
		const char *value = h->value;

		if (strcasecmp(h->name, name) != 0)
			continue;
		if (strncasecmp(value, "Bearer ", 7) == 0)
			value += 7;
		else if (strncasecmp(value, "Token ", 6) == 0)
			value += 6;
		else if (place->kind == PLACE_BEARER)
			return false;
		value += strspn(value, " ");
		*out = (struct found){ .text = value, .len = strlen(value), .header = h };
		return out->len > 0;
	}
	return false;
}

static bool in_query(const struct key_place *place, const struct target *t,
                     struct found *out)
{
	struct target_span at;

	if (!t->query.len ||
	    !target_query_find(t->text + t->query.at, t->query.len, place->name, &at))
		return false;
	at.at += t->query.at;
	*out = (struct found){ .text = t->text + at.at, .len = at.len, .in_target = at };
	return at.len > 0;
}

static bool take(const struct directory *d, const struct found *f, int64_t now_ms,
                 struct presented_key *out)
{
	CLEANUP(buf_deinit) struct buf plain = BUF_INIT(0);
	size_t shown;

	target_decode(f->text, f->len, false, &plain);
	struct developer *developer = directory_find(d, buf_str(&plain), plain.len, now_ms);
	if (out->present && !developer)
		return false;
	*out = (struct presented_key){ .segment = out->segment,
		                       .developer = developer,
		                       .present = true,
		                       .in_target = f->in_target,
		                       .header = f->header,
		                       .shown = "****" };
	/* of a short one the last four would be most of it */
	shown = plain.len >= 12 ? 4 : 0;
	memcpy(out->shown + 4, buf_str(&plain) + plain.len - shown, shown);
	return developer != NULL;
}

static bool segment_found(const struct target *t, size_t i, struct found *out)
{
	*out = (struct found){ .text = t->text + t->segment[i].at,
		               .len = t->segment[i].len,
		               .in_target = t->segment[i] };
	return true;
}

/* True: a known key was taken. */
static bool take_from_path(const struct directory *d, const struct inbound_route *route,
                           const struct target *t, int64_t now_ms,
                           struct presented_key *out)
{
	struct found f;
	bool has_place = false;

	for (size_t i = 0; i < route->n_segments; i++) {
		if (strcmp(route->segments[i], "{key}") != 0)
			continue;
		has_place = true;
		if (i < t->n_segments && segment_found(t, i, &f) &&
		    take(d, &f, now_ms, out))
			return true;
	}
	for (size_t i = route->n_segments; !has_place && i < t->n_segments; i++)
		if (segment_found(t, i, &f) && directory_find(d, f.text, f.len, now_ms))
			return take(d, &f, now_ms, out);
	return false;
}

static void find_key(const struct directory *d, const struct inbound_route *route,
                     const struct http1_head *head, const struct target *target,
                     int64_t now_ms, struct presented_key *out)
{
	for (size_t i = 0; i < route->n_places; i++) {
		const struct key_place *place = &route->places[i];
		struct found f;
		bool there = false;

		switch (place->kind) {
		case PLACE_BEARER:
		case PLACE_HEADER:
			there = in_header(place, head, &f);
			break;
		case PLACE_QUERY:
			there = in_query(place, target, &f);
			break;
		case PLACE_PATH:
			if (take_from_path(d, route, target, now_ms, out))
				return;
			break;
		}
		if (there && take(d, &f, now_ms, out))
			return;
	}
}

void directory_key(const struct directory *d, const struct inbound_route *route,
                   const struct http1_head *head, const struct target *target,
                   int64_t now_ms, struct presented_key *out)
{
	*out = (struct presented_key){ 0 };
	find_key(d, route, head, target, now_ms, out);
	/* with a key elsewhere, this part of the path is what the call is about */
	for (size_t i = 0; !out->present && i < route->n_segments && i < target->n_segments;
	     i++)
		if (strcmp(route->segments[i], "{key}") == 0)
			out->segment = target->segment[i];
}
