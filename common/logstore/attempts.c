/* The attempts of many logs, without what was sent and answered. */
#include "logstore/query.h"

#include "logstore/store.h"
#include "mongo/convert.h"
#include "json/jdoc.h"

static const char *const fields[] = {
	"integration_directory_id",
	"kind",
	"requested_by",
	"requested_at",
	"attempt",
	"status",
	"error_kind",
	"error_message",
	"response_status_code",
	"response_time",
	"payload_changed",
	"updated_at",
	"completed_at",
};

static bool keep(const bson_t *doc, void *arg)
{
	(void)json_array_append_new(arg, convert_to_plain_json(doc));
	return true;
}

int logstore_attempts(struct logstore *s, const struct log_id *ids, size_t n, int limit,
                      json_t **out)
{
	CLEANUP_JSON json_t *attempts = json_array();
	CLEANUP_BSON bson_t *filter = bson_new();
	CLEANUP_BSON bson_t *options = bson_new();
	bson_t child, list;
	char number[16];
	const char *name;

	*out = NULL;
	(void)BSON_APPEND_DOCUMENT_BEGIN(filter, "integration_directory_id", &child);
	(void)BSON_APPEND_ARRAY_BEGIN(&child, "$in", &list);
	for (size_t i = 0; i < n; i++) {
		(void)bson_uint32_to_string((uint32_t)i, &name, number, sizeof(number));
		store_append_log_id(&list, name, &ids[i]);
	}
	(void)bson_append_array_end(&child, &list);
	(void)bson_append_document_end(filter, &child);
	(void)BSON_APPEND_DOCUMENT_BEGIN(options, "projection", &child);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		(void)BSON_APPEND_INT32(&child, fields[i], 1);
	(void)bson_append_document_end(options, &child);
	(void)BSON_APPEND_INT64(options, "limit", limit);
	if (n > 0 &&
	    mongo_find(s->mongo, LOGSTORE_RETRIES, filter, options, keep, attempts))
		return LOGSTORE_E_AWAY;
	*out = STEAL(attempts);
	return 0;
}
