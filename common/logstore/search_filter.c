#include "logstore/search_filter.h"

#include "base/buf.h"
#include "logstore/store.h"
#include "mongo/convert.h"

#define LABS_MAX 16 /* of more a part has all */

static bool has_status(const struct log_filter *f, int status)
{
	return (f->statuses & LOG_STATUS_BIT(status)) != 0;
}

static size_t split_refs(const struct log_filter *f, struct search_part base,
                         struct search_part *parts, size_t room)
{
	size_t n = 0;

	if (f->n_bills + f->n_patients == 0 && room > 0) {
		parts[0] = base;
		return 1;
	}
	for (size_t i = 0; i < f->n_bills && n < room; i++) {
		parts[n] = base;
		parts[n++].bill = (int)i;
	}
	for (size_t i = 0; i < f->n_patients && n < room; i++) {
		parts[n] = base;
		parts[n++].patient = (int)i;
	}
	return n;
}

static size_t split_statuses(const struct log_filter *f, struct search_part base,
                             struct search_part *parts, size_t room)
{
	size_t n = 0;

	/* references are rare enough; so is one log */
	if (f->n_bills + f->n_patients > 0 || f->id)
		return split_refs(f, base, parts, room);
	for (int status = LOG_STATUS_QUEUED; status <= LOG_STATUS_SUPPRESSED; status++) {
		if (n >= room || (f->statuses ? !has_status(f, status)
		                              : status == LOG_STATUS_SUPPRESSED))
			continue;
		base.status = status;
		parts[n++] = base;
	}
	return n;
}

size_t search_split(const struct log_filter *f, struct search_part parts[SEARCH_PARTS_MAX])
{
	struct search_part base = { .lab = -1, .status = -1, .bill = -1, .patient = -1 };
	size_t n = 0;

	if (f->n_labs == 0 || f->n_labs > LABS_MAX || f->n_bills + f->n_patients > 0 ||
	    f->id)
		return split_statuses(f, base, parts, SEARCH_PARTS_MAX);
	for (size_t i = 0; i < f->n_labs && n < SEARCH_PARTS_MAX; i++) {
		base.lab = (int)i;
		n += split_statuses(f, base, parts + n, SEARCH_PARTS_MAX - n);
	}
	return n;
}

static void append_any_of(bson_t *to, const char *key, const int64_t *values, size_t n)
{
	bson_t operators, list;
	char number[16];
	const char *name;

	if (n == 1) {
		(void)bson_append_int64(to, key, -1, values[0]);
		return;
	}
	(void)bson_append_document_begin(to, key, -1, &operators);
	(void)BSON_APPEND_ARRAY_BEGIN(&operators, "$in", &list);
	for (size_t i = 0; i < n; i++) {
		(void)bson_uint32_to_string((uint32_t)i, &name, number, sizeof(number));
		(void)bson_append_int64(&list, name, -1, values[i]);
	}
	(void)bson_append_array_end(&operators, &list);
	(void)bson_append_document_end(to, &operators);
}

static void append_statuses(bson_t *to, const struct log_filter *f, int only)
{
	bson_t operators, list;
	char number[16];
	const char *name;
	uint32_t n = 0;

	if (only >= 0) {
		(void)BSON_APPEND_UTF8(to, "status",
		                       log_status_word((enum log_status)only));
		return;
	}
	if (f->id && f->statuses == 0)
		return; /* who knows the id sees it, suppressed or not */
	(void)BSON_APPEND_DOCUMENT_BEGIN(to, "status", &operators);
	(void)BSON_APPEND_ARRAY_BEGIN(&operators, "$in", &list);
	for (int status = LOG_STATUS_QUEUED; status <= LOG_STATUS_SUPPRESSED; status++) {
		if (f->statuses ? !has_status(f, status) : status == LOG_STATUS_SUPPRESSED)
			continue;
		(void)bson_uint32_to_string(n++, &name, number, sizeof(number));
		(void)bson_append_utf8(&list, name, -1,
		                       log_status_word((enum log_status)status), -1);
	}
	(void)bson_append_array_end(&operators, &list);
	(void)bson_append_document_end(to, &operators);
}

static void append_range(bson_t *to, const struct log_filter *f,
                         const struct log_cursor *after)
{
	bson_t range;

	if (!f->from_ms && !f->to_ms && !after->set)
		return;
	(void)BSON_APPEND_DOCUMENT_BEGIN(to, "inserted_at", &range);
	if (f->from_ms)
		(void)BSON_APPEND_DATE_TIME(&range, "$gte", f->from_ms);
	if (f->to_ms)
		(void)BSON_APPEND_DATE_TIME(&range, "$lt", f->to_ms);
	if (after->set)
		(void)BSON_APPEND_DATE_TIME(&range, "$lte", after->inserted_at_ms);
	(void)bson_append_document_end(to, &range);
}

/* Of the cursor's very instant only what is behind it. */
static void append_behind(bson_t *list, uint32_t at, const struct log_cursor *after)
{
	CLEANUP_BSON bson_t *either = bson_new();
	bson_t one, range, parts;
	char number[16];
	const char *name;

	(void)BSON_APPEND_ARRAY_BEGIN(either, "$or", &parts);
	(void)BSON_APPEND_DOCUMENT_BEGIN(&parts, "0", &one);
	(void)BSON_APPEND_DOCUMENT_BEGIN(&one, "inserted_at", &range);
	(void)BSON_APPEND_DATE_TIME(&range, "$lt", after->inserted_at_ms);
	(void)bson_append_document_end(&one, &range);
	(void)bson_append_document_end(&parts, &one);
	(void)BSON_APPEND_DOCUMENT_BEGIN(&parts, "1", &one);
	(void)BSON_APPEND_DOCUMENT_BEGIN(&one, "_id", &range);
	store_append_log_id(&range, "$lt", &after->id);
	(void)bson_append_document_end(&one, &range);
	(void)bson_append_document_end(&parts, &one);
	(void)bson_append_array_end(either, &parts);
	(void)bson_uint32_to_string(at, &name, number, sizeof(number));
	(void)bson_append_document(list, name, -1, either);
}

static char *escape_pattern(const char *words)
{
	CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);

	for (; *words; words++) {
		if (strchr("\\^$.|?*+()[]{}/-", *words))
			buf_append_char(&out, '\\');
		buf_append_char(&out, *words);
	}
	return buf_take(&out);
}

static void append_words(bson_t *list, uint32_t at, const char *words)
{
	static const char *const fields[] = { "error_message", "fusion_log" };
	CLEANUP_BSON bson_t *either = bson_new();
	CLEANUP(freep) char *pattern = escape_pattern(words);
	bson_t one, parts;
	char number[16];
	const char *name;

	(void)BSON_APPEND_ARRAY_BEGIN(either, "$or", &parts);
	for (uint32_t i = 0; i < ARRAY_SIZE(fields); i++) {
		(void)bson_uint32_to_string(i, &name, number, sizeof(number));
		(void)bson_append_document_begin(&parts, name, -1, &one);
		(void)BSON_APPEND_REGEX(&one, fields[i], pattern, "i");
		(void)bson_append_document_end(&parts, &one);
	}
	(void)bson_append_array_end(either, &parts);
	(void)bson_uint32_to_string(at, &name, number, sizeof(number));
	(void)bson_append_document(list, name, -1, either);
}

static void append_conditions(bson_t *to, const struct log_filter *f,
                              const struct log_cursor *after)
{
	bson_t list;
	uint32_t n = 0;

	if (!after->set && !f->words)
		return;
	(void)BSON_APPEND_ARRAY_BEGIN(to, "$and", &list);
	if (after->set)
		append_behind(&list, n++, after);
	if (f->words)
		append_words(&list, n, f->words);
	(void)bson_append_array_end(to, &list);
}

bson_t *search_filter(const struct log_filter *f, const struct search_part *part,
                      const struct log_cursor *after)
{
	bson_t *to = bson_new();

	if (f->id)
		store_append_log_id(to, "_id", f->id);
	if (part->bill >= 0)
		(void)BSON_APPEND_INT64(to, "bill_id", f->bills[part->bill]);
	if (part->patient >= 0)
		(void)BSON_APPEND_INT64(to, "patient_id", f->patients[part->patient]);
	if (part->lab >= 0)
		(void)BSON_APPEND_INT64(to, "lab_id", f->labs[part->lab]);
	else if (f->n_labs)
		append_any_of(to, "lab_id", f->labs, f->n_labs);
	append_statuses(to, f, part->status);
	if (f->integration_type)
		(void)BSON_APPEND_UTF8(to, "integration_type", f->integration_type);
	if (f->n_actions)
		append_any_of(to, "action_category_list_id", f->actions, f->n_actions);
	if (f->auth_id)
		(void)BSON_APPEND_INT64(to, "auth_id", f->auth_id);
	if (f->integration_id)
		(void)BSON_APPEND_INT64(to, "lab_integration_id", f->integration_id);
	if (f->error_kind)
		(void)BSON_APPEND_UTF8(to, "error_kind", f->error_kind);
	append_range(to, f, after);
	append_conditions(to, f, after);
	return to;
}
