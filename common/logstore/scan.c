/* Many logs, a little of each: for groups and rates. */
#include "logstore/search_read.h"
#include "logstore/store.h"

struct scanning {
	void (*each)(const struct log_brief *log, void *arg);
	void *arg;
	int64_t n;
};

static int64_t int_at(const bson_t *doc, const char *key)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, doc, key) ? bson_iter_as_int64(&it) : 0;
}

static const char *text_at(const bson_t *doc, const char *key)
{
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, key) || !BSON_ITER_HOLDS_UTF8(&it))
		return NULL;
	return bson_iter_utf8(&it, NULL);
}

static double time_of(const bson_t *doc)
{
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, "response_time") || !BSON_ITER_HOLDS_NUMBER(&it))
		return -1;
	return bson_iter_as_double(&it);
}

static bool take(const bson_t *doc, void *arg)
{
	struct scanning *s = arg;
	const char *status = text_at(doc, "status");
	const char *type = text_at(doc, "integration_type");
	struct log_brief log = {
		.lab_id = int_at(doc, "lab_id"),
		.integration_id = int_at(doc, "lab_integration_id"),
		.auth_id = int_at(doc, "auth_id"),
		.action_id = int_at(doc, "action_category_list_id"),
		.api = type && strcmp(type, "API") == 0,
		.response_time_ms = time_of(doc),
		.developer_name = text_at(doc, "developer_name"),
		.operation = text_at(doc, "operation"),
		.error_kind = text_at(doc, "error_kind"),
		.error_message = text_at(doc, "error_message"),
	};
	bson_iter_t it;

	if (bson_iter_init_find(&it, doc, "_id") && BSON_ITER_HOLDS_OID(&it))
		memcpy(log.id.bytes, bson_iter_oid(&it)->bytes, sizeof(log.id.bytes));
	if (bson_iter_init_find(&it, doc, "inserted_at") && BSON_ITER_HOLDS_DATE_TIME(&it))
		log.inserted_at_ms = bson_iter_date_time(&it);
	s->n++;
	if (status && log_status_parse(status, &log.status))
		s->each(&log, s->arg);
	return true;
}

static bson_t *brief_projection(void)
{
	static const char *const fields[] = {
		"lab_id",
		"lab_integration_id",
		"auth_id",
		"response_time",
		"developer_name",
		"operation",
		"error_kind",
		"error_message",
		"status",
		"inserted_at",
		"fusion_log",
		"integration_type",
		"action_category_list_id",
	};
	bson_t *projection = bson_new();

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		(void)bson_append_int32(projection, fields[i], -1, 1);
	return projection;
}

int logstore_scan(struct logstore *s, const struct log_filter *filter, int64_t most,
                  void (*each)(const struct log_brief *log, void *arg), void *arg,
                  bool *capped)
{
	CLEANUP_BSON bson_t *projection = brief_projection();
	struct scanning scanning = { .each = each, .arg = arg };
	int result = search_read(s, &(struct search_reading){ .filter = filter,
	                                                      .most = (size_t)most,
	                                                      .projection = projection,
	                                                      .row = take,
	                                                      .arg = &scanning });

	*capped = scanning.n == most;
	return result;
}
