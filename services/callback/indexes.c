/*
 * Indexes of the log store, beside the work: they are a wish, not a condition. Without them
 * reads are slow, and nothing is lost; on a large store they take minutes.
 */
#include "callback.h"
#include "log/log.h"

#define AGAIN_MS 30000
#define ASK_MS   500
#define REST_MS  (3600LL * 1000)

static bool wait_for_store(void *arg)
{
	struct callback *cb = arg;

	service_sleep(cb->ctx, ASK_MS);
	return !service_draining(cb->ctx);
}

static void ensure(struct callback *cb, struct logstore *store)
{
	while (!service_draining(cb->ctx)) {
		if (logstore_ensure_indexes(store, wait_for_store, cb) == 0)
			return;
		if (!service_draining(cb->ctx))
			log_info(NULL, "callback.indexes_wait",
			         "the log store's indexes are not complete: %s",
			         logstore_error(store));
		service_sleep(cb->ctx, AGAIN_MS);
	}
}

int indexes_run(struct service_ctx *ctx, void *callback)
{
	struct callback *cb = callback;
	struct logstore *store = NULL;
	struct err_text why = { "" };
	int result = logstore_open(&cb->config->logstore, &store, &why);

	if (result) {
		log_error(NULL, "callback.indexes", "%s", why.text);
		return result;
	}
	ensure(cb, store);
	(void)logstore_close(store);
	while (!service_draining(ctx))
		service_sleep(ctx, REST_MS);
	return 0;
}
