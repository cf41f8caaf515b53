#include "logstore/search_filter.h"

#include "logstore/store.h"

#define ARMS_MAX 160 /* of more a coarser index is read */

const struct search_way search_ways[N_SEARCH_INDEXES] = {
	[SEARCH_BY_ID] = { .searches = "a log_id", .index = "_id_" },
	[SEARCH_BY_REFERENCE] = { .searches = "bills, patients",
	                          .index = "bill_newest, patient_newest" },
	[SEARCH_BY_ACTION] = { .searches = "actions of some labs",
	                       .index = "lab_action_newest" },
	[SEARCH_BY_LAB] = { .searches = "some labs", .index = "lab_type_status_newest" },
	[SEARCH_BY_STATUS] = { .searches = "all labs", .index = "type_status_newest" },
};

static const char *const types[] = { "WEBHOOK", "API" };
/* What most logs are comes first: arms are looked at in their order too. */
static const enum log_status by_number[] = {
	LOG_STATUS_SUCCESS,    LOG_STATUS_FAIL,       LOG_STATUS_QUEUED,
	LOG_STATUS_SUPERSEDED, LOG_STATUS_SUPPRESSED,
};

/* ---- which index ---- */

static bool has_status(const struct log_filter *f, int status)
{
	if (f->statuses == 0)
		return status != LOG_STATUS_SUPPRESSED;
	return (f->statuses & LOG_STATUS_BIT(status)) != 0;
}

static size_t count_statuses(const struct log_filter *f)
{
	size_t n = 0;

	for (int status = LOG_STATUS_QUEUED; status <= LOG_STATUS_SUPPRESSED; status++)
		n += has_status(f, status);
	return n;
}

enum search_index search_choose(const struct log_filter *f)
{
	size_t n_types = f->integration_type ? 1 : ARRAY_SIZE(types);

	if (f->id)
		return SEARCH_BY_ID;
	if (f->n_bills + f->n_patients > 0)
		return SEARCH_BY_REFERENCE;
	if (f->n_labs == 0 || f->n_labs * n_types * count_statuses(f) > ARMS_MAX)
		return SEARCH_BY_STATUS;
	/* of the failures of a lab there are fewer than of its logs of an action */
	if (f->n_actions && f->n_labs * f->n_actions <= ARMS_MAX &&
	    has_status(f, LOG_STATUS_SUCCESS))
		return SEARCH_BY_ACTION;
	return SEARCH_BY_LAB;
}

/* ---- the arms ---- */

struct arms {
	const struct search_span *span;
	bson_t *list; /* of $or */
	uint32_t n;
};

/* Of low_ms on. Not by $gte: the local stack's store loses what is equal to an inclusive
 * bound on a field that is not its index's last. */
static void append_range(bson_t *to, const struct search_span *span)
{
	bson_t range;

	if (!span->low_ms && !span->high_ms)
		return;
	(void)BSON_APPEND_DOCUMENT_BEGIN(to, "inserted_at", &range);
	if (span->low_ms)
		(void)BSON_APPEND_DATE_TIME(&range, "$gt", span->low_ms - 1);
	if (span->high_ms)
		(void)BSON_APPEND_DATE_TIME(&range, "$lt", span->high_ms);
	(void)bson_append_document_end(to, &range);
}

/* Of the cursor's very instant only what is behind it. */
static void append_behind(bson_t *to, const struct log_cursor *after)
{
	bson_t range;

	(void)BSON_APPEND_DATE_TIME(to, "inserted_at", after->inserted_at_ms);
	(void)BSON_APPEND_DOCUMENT_BEGIN(to, "_id", &range);
	store_append_log_id(&range, "$lt", &after->id);
	(void)bson_append_document_end(to, &range);
}

static void add_to_list(struct arms *arms, const bson_t *arm)
{
	char number[16];
	const char *name;

	(void)bson_uint32_to_string(arms->n++, &name, number, sizeof(number));
	(void)bson_append_document(arms->list, name, -1, arm);
}

/* `fixed` is the leading fields of the index. */
static void add_arm(struct arms *arms, const bson_t *fixed)
{
	CLEANUP_BSON bson_t *arm = bson_copy(fixed);

	append_range(arm, arms->span);
	add_to_list(arms, arm);
	if (arms->span->after) {
		CLEANUP_BSON bson_t *behind = bson_copy(fixed);
		append_behind(behind, arms->span->after);
		add_to_list(arms, behind);
	}
}

static void add_by_status(struct arms *arms, const struct log_filter *f, const int64_t *lab)
{
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (f->integration_type && strcmp(f->integration_type, types[i]) != 0)
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(by_number); k++) {
			CLEANUP_BSON bson_t *fixed = bson_new();

			if (!has_status(f, by_number[k]))
				continue;
			if (lab)
				(void)BSON_APPEND_INT64(fixed, "lab_id", *lab);
			(void)BSON_APPEND_UTF8(fixed, "integration_type", types[i]);
			(void)BSON_APPEND_UTF8(fixed, "status",
			                       log_status_word(by_number[k]));
			add_arm(arms, fixed);
		}
	}
}

static void add_by_action(struct arms *arms, const struct log_filter *f, int64_t lab)
{
	for (size_t i = 0; i < f->n_actions; i++) {
		CLEANUP_BSON bson_t *fixed =
			BCON_NEW("lab_id", BCON_INT64(lab), "action_category_list_id",
		                 BCON_INT64(f->actions[i]));

		add_arm(arms, fixed);
	}
}

static void add_references(struct arms *arms, const char *field, const int64_t *values,
                           size_t n)
{
	for (size_t i = 0; i < n; i++) {
		CLEANUP_BSON bson_t *fixed = BCON_NEW(field, BCON_INT64(values[i]));

		add_arm(arms, fixed);
	}
}

static void add_arms(struct arms *arms, const struct log_filter *f, enum search_index by)
{
	CLEANUP_BSON bson_t *one = bson_new();

	switch (by) {
	case SEARCH_BY_ID:
		store_append_log_id(one, "_id", f->id);
		add_to_list(arms, one);
		break;
	case SEARCH_BY_REFERENCE:
		add_references(arms, "bill_id", f->bills, f->n_bills);
		add_references(arms, "patient_id", f->patients, f->n_patients);
		break;
	case SEARCH_BY_ACTION:
		for (size_t i = 0; i < f->n_labs; i++)
			add_by_action(arms, f, f->labs[i]);
		break;
	case SEARCH_BY_LAB:
		for (size_t i = 0; i < f->n_labs; i++)
			add_by_status(arms, f, &f->labs[i]);
		break;
	case SEARCH_BY_STATUS:
	case N_SEARCH_INDEXES:
		add_by_status(arms, f, NULL);
		break;
	}
}

/* ---- beside the arms ---- */

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

static void append_statuses(bson_t *to, const struct log_filter *f)
{
	bson_t operators, list;
	char number[16];
	const char *name;
	uint32_t n = 0;

	if (f->id && f->statuses == 0)
		return; /* who knows the id sees it, suppressed or not */
	(void)BSON_APPEND_DOCUMENT_BEGIN(to, "status", &operators);
	(void)BSON_APPEND_ARRAY_BEGIN(&operators, "$in", &list);
	for (int status = LOG_STATUS_QUEUED; status <= LOG_STATUS_SUPPRESSED; status++) {
		if (!has_status(f, status))
			continue;
		(void)bson_uint32_to_string(n++, &name, number, sizeof(number));
		(void)bson_append_utf8(&list, name, -1,
		                       log_status_word((enum log_status)status), -1);
	}
	(void)bson_append_array_end(&operators, &list);
	(void)bson_append_document_end(to, &operators);
}

static void append_rest(bson_t *to, const struct log_filter *f,
                        const struct search_span *span, enum search_index by)
{
	bool of_labs = by == SEARCH_BY_ACTION || by == SEARCH_BY_LAB;
	bool by_status = by == SEARCH_BY_LAB || by == SEARCH_BY_STATUS;

	if (by == SEARCH_BY_ID)
		append_range(to, span);
	if (f->n_labs && !of_labs)
		append_any_of(to, "lab_id", f->labs, f->n_labs);
	if (f->integration_type && !by_status)
		(void)BSON_APPEND_UTF8(to, "integration_type", f->integration_type);
	if (!by_status)
		append_statuses(to, f);
	if (f->n_actions && by != SEARCH_BY_ACTION)
		append_any_of(to, "action_category_list_id", f->actions, f->n_actions);
	if (f->auth_id)
		(void)BSON_APPEND_INT64(to, "auth_id", f->auth_id);
	if (f->integration_id)
		(void)BSON_APPEND_INT64(to, "lab_integration_id", f->integration_id);
	if (f->error_kind)
		(void)BSON_APPEND_UTF8(to, "error_kind", f->error_kind);
}

bson_t *search_query(const struct log_filter *f, const struct search_span *span)
{
	enum search_index by = search_choose(f);
	CLEANUP_BSON bson_t *list = bson_new();
	CLEANUP_BSON bson_t *rest = bson_new();
	struct arms arms = { .span = span, .list = list };
	bson_t *query = bson_new();
	bson_iter_t it;

	add_arms(&arms, f, by);
	append_rest(rest, f, span, by);
	if (arms.n == 1 && bson_empty(rest)) {
		uint32_t len = 0;
		const uint8_t *data = NULL;
		bson_t only;

		if (bson_iter_init_find(&it, list, "0"))
			bson_iter_document(&it, &len, &data);
		if (data && bson_init_static(&only, data, len))
			(void)bson_concat(query, &only);
		return query;
	}
	/* some stores look at the members in their order, at each log that an arm finds */
	(void)bson_concat(query, rest);
	(void)BSON_APPEND_ARRAY(query, "$or", list);
	return query;
}
