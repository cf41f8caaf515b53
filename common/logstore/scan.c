/* Many logs, a little of each: for groups and rates. */
#include "logstore/search_read.h"
#include "logstore/store.h"

struct scanning {
	void (*each)(const struct log_brief *log, void *arg);
	void *arg;
	int64_t n;
};

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
	const char *status = store_text(doc, "status");
	const char *type = store_text(doc, "integration_type");
	struct log_brief log = {
		.lab_id = store_int(doc, "lab_id"),
		.integration_id = store_int(doc, "lab_integration_id"),
		.auth_id = store_int(doc, "auth_id"),
		.action_id = store_int(doc, "action_category_list_id"),
		.api = type && strcmp(type, "API") == 0,
		.inserted_at_ms = store_time(doc, "inserted_at"),
		.response_time_ms = time_of(doc),
		.developer_name = store_text(doc, "developer_name"),
		.operation = store_text(doc, "operation"),
		.error_kind = store_text(doc, "error_kind"),
		.error_message = store_text(doc, "error_message"),
	};
	bson_iter_t it;

	if (bson_iter_init_find(&it, doc, "_id") && BSON_ITER_HOLDS_OID(&it))
		memcpy(log.id.bytes, bson_iter_oid(&it)->bytes, sizeof(log.id.bytes));
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
