/* Logs that trigger could not insert: they come as reports, complete. */
#include "logstore/store.h"
#include "logstore/update.h"
#include "mongo/convert.h"

/* NULL when it is no log, or not the one that the report's key names. */
static bson_t *document_of(const struct report *r)
{
	bson_t *doc = convert_from_json(r->payload);
	bson_iter_t it;

	if (doc && bson_iter_init_find(&it, doc, "_id") && BSON_ITER_HOLDS_OID(&it) &&
	    memcmp(bson_iter_oid(&it)->bytes, r->log_id.bytes, sizeof(r->log_id.bytes)) ==
	            0)
		return doc;
	bson_destroy(doc);
	return NULL;
}

static enum add_result result_of(int code)
{
	if (code == 0)
		return ADD_NEW;
	return code == MONGO_DUPLICATE ? ADD_THERE_ALREADY : ADD_REFUSED;
}

int logstore_add(struct logstore *s, const struct report *const *reports, size_t n,
                 enum add_result *results, json_t **rows)
{
	CLEANUP(freep) bson_t **docs = xcalloc(n, sizeof(*docs));
	CLEANUP(freep) size_t *which = xcalloc(n, sizeof(*which));
	CLEANUP(freep) int *codes = xcalloc(n, sizeof(*codes));
	size_t n_docs = 0;
	int result = 0;

	for (size_t i = 0; i < n; i++) {
		rows[i] = NULL;
		results[i] = ADD_REFUSED;
		which[n_docs] = i;
		docs[n_docs] = document_of(reports[i]);
		n_docs += docs[n_docs] != NULL;
	}
	if (n_docs > 0)
		result = mongo_insert(s->mongo, LOGSTORE_LOGS, docs, n_docs, codes);
	for (size_t k = 0; k < n_docs; k++) {
		results[which[k]] = result_of(codes[k]);
		if (result == 0 && codes[k] == 0)
			rows[which[k]] = row_from_bson(docs[k]);
		bson_destroy(docs[k]);
	}
	return result ? LOGSTORE_E_AWAY : 0;
}
