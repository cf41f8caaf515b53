/* What became of retries, for who asked for many. */
#include "logstore/retry.h"
#include "logstore/store.h"
#include "mongo/convert.h"
#include "json/jdoc.h"

struct reading {
	const char *const *ids;
	size_t n;
	size_t expected; /* the server mostly answers in the order that we ask in */
	json_t *out;
};

static bool keep_outcome(const bson_t *doc, void *arg)
{
	struct reading *r = arg;
	json_t *outcome = convert_to_plain_json(doc);
	const char *id = jdoc_text_or(outcome, "_id", "");

	for (size_t k = 0; k < r->n; k++) {
		size_t i = (r->expected + k) % r->n;

		if (strcmp(r->ids[i], id) == 0) {
			(void)json_array_set(r->out, i, outcome);
			r->expected = i + 1;
			break;
		}
	}
	json_decref(outcome);
	return true;
}

static bson_t *filter_of(const char *const *ids, size_t n)
{
	bson_t *filter = bson_new(), operators, list;
	char number[16];
	const char *name;

	(void)BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &operators);
	(void)BSON_APPEND_ARRAY_BEGIN(&operators, "$in", &list);
	for (size_t i = 0; i < n; i++) {
		(void)bson_uint32_to_string((uint32_t)i, &name, number, sizeof(number));
		convert_append_text(&list, name, ids[i]);
	}
	(void)bson_append_array_end(&operators, &list);
	(void)bson_append_document_end(filter, &operators);
	return filter;
}

int logstore_read_outcomes(struct logstore *s, const char *const *retry_ids, size_t n,
                           json_t **out)
{
	struct reading reading = { .ids = retry_ids, .n = n, .out = json_array() };
	CLEANUP_BSON bson_t *filter = filter_of(retry_ids, n);
	CLEANUP_BSON bson_t *options = BCON_NEW(
		"projection", "{", "status", BCON_INT32(1), "error_kind", BCON_INT32(1),
		"error_message", BCON_INT32(1), "response_status_code", BCON_INT32(1),
		"payload_changed", BCON_INT32(1), "}", "batchSize", BCON_INT32(1000));

	for (size_t i = 0; i < n; i++)
		(void)json_array_append_new(reading.out, json_null());
	if (n == 0 || mongo_find(s->mongo, LOGSTORE_RETRIES, filter, options, keep_outcome,
	                         &reading) == 0) {
		*out = reading.out;
		return 0;
	}
	json_decref(reading.out);
	*out = NULL;
	return LOGSTORE_E_AWAY;
}
