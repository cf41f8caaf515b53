/* What a row of the dashboard shows of a log: the value of integration.status-updates. */
#include "logstore/store.h"
#include "mongo/convert.h"
#include "json/jdoc.h"

/* Neither bodies nor ids of patients: this goes to every viewer's screen. */
static const char *const row_fields[] = {
	"lab_id",
	"status",
	"retry_id",
	"retry_count",
	"auto_retry_count",
	"updated_at",
	"integration_type",
	"operation",
	"action_category",
	"action_category_list_id",
	"lab_integration_id",
	"auth_id",
	"developer_name",
	"org_id",
	"transport",
	"vendor",
	"bill_id",
	"request_type",
	"response_status_code",
	"response_time",
	"error_kind",
	"error_message",
	"fusion_log",
	"stage",
	"sent_to_mirth",
	"triggered_by_py3",
	"inserted_at",
	"activity_date",
};

/* What a log of another writer, who does not count retries, has: none. */
static bool is_count(const char *field)
{
	return strcmp(field, "retry_count") == 0 || strcmp(field, "auto_retry_count") == 0;
}

static const char *shown_as(const char *key)
{
	return strcmp(key, "current_retry_id") == 0 ? "retry_id" : key;
}

void row_apply(json_t *row, const bson_t *set)
{
	bson_iter_t it;

	if (!bson_iter_init(&it, set))
		return;
	while (bson_iter_next(&it)) {
		const char *key = shown_as(bson_iter_key(&it));

		if (json_object_get(row, key))
			(void)json_object_set_new_nocheck(row, key,
			                                  convert_plain_value(&it));
	}
}

json_t *row_from_bson(const bson_t *doc)
{
	json_t *row = json_object();
	char hex[LOG_ID_HEX_SIZE];
	bson_iter_t it;

	if (bson_iter_init_find(&it, doc, "_id") && BSON_ITER_HOLDS_OID(&it)) {
		bson_oid_to_string(bson_iter_oid(&it), hex);
		(void)json_object_set_new_nocheck(row, "log_id", json_string_nocheck(hex));
	}
	for (size_t i = 0; i < ARRAY_SIZE(row_fields); i++)
		(void)json_object_set_new_nocheck(row, row_fields[i],
		                                  is_count(row_fields[i]) ? json_integer(0)
		                                                          : json_null());
	row_apply(row, doc);
	return row;
}

bson_t *row_projection(void)
{
	bson_t *projection = bson_new();

	for (size_t i = 0; i < ARRAY_SIZE(row_fields); i++)
		(void)BSON_APPEND_INT32(projection, row_fields[i], 1);
	(void)BSON_APPEND_INT32(projection, "attempt", 1);
	(void)BSON_APPEND_INT32(projection, "current_retry_id", 1);
	(void)BSON_APPEND_INT32(projection, "first_attempt.status", 1);
	return projection;
}

char *log_entry_status_update(const struct log_entry *entry)
{
	struct log_entry shown = *entry;

	/* what a row leaves out need not be copied */
	shown.request_body = NULL;
	shown.request_headers = shown.retry_context = NULL;
	CLEANUP_BSON bson_t *doc = entry_to_bson(&shown, 0);
	CLEANUP_JSON json_t *row = row_from_bson(doc);

	return jdoc_dump(row, NULL);
}
