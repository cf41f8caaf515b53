#include "logstore/logstore.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "logstore/store.h"
#include "mongo/convert.h"

const struct config_key logstore_config_keys[] = {
	{ .name = "MONGODB_URL",
	  .type = CONFIG_URL,
	  .offset = offsetof(struct logstore_config, url),
	  .flags = CONFIG_REQUIRED | CONFIG_SECRET,
	  .help = "MongoDB or Amazon DocumentDB, where the logs are (database "
	          "integration)." },
	{ .name = "LOG_BODY_LIMIT",
	  .type = CONFIG_BYTES,
	  .offset = offsetof(struct logstore_config, body_limit),
	  .min = 1024,
	  .max = 4 << 20,
	  .dflt = "1MiB",
	  .help = "Bodies of requests and answers are kept in the log up to this size." },
	CONFIG_END,
};

int logstore_open(const struct logstore_config *config, struct logstore **out,
                  struct err_text *why)
{
	struct mongo *mongo = NULL;
	int result = mongo_open(config->url, &mongo, why);

	if (result)
		return result;
	*out = xcalloc(1, sizeof(**out));
	(*out)->mongo = mongo;
	(*out)->body_limit = config->body_limit;
	return 0;
}

struct logstore *logstore_close(struct logstore *s)
{
	if (s) {
		mongo_close(s->mongo);
		free(s);
	}
	return NULL;
}

const char *logstore_error(const struct logstore *s)
{
	return mongo_error(s->mongo);
}

int logstore_ping(struct logstore *s, int64_t deadline_ms)
{
	CLEANUP_BSON bson_t *command = BCON_NEW("ping", BCON_INT32(1));

	if (store_is_late(deadline_ms, clock_mono_ms()))
		return LOGSTORE_E_AWAY;
	return mongo_command(s->mongo, command, NULL);
}

bson_t *store_filter_ids(const struct log_id *ids, size_t n)
{
	bson_t *filter = bson_new(), operators, list;
	char number[16];
	const char *name;

	(void)BSON_APPEND_DOCUMENT_BEGIN(filter, "_id", &operators);
	(void)BSON_APPEND_ARRAY_BEGIN(&operators, "$in", &list);
	for (size_t i = 0; i < n; i++) {
		(void)bson_uint32_to_string((uint32_t)i, &name, number, sizeof(number));
		store_append_log_id(&list, name, &ids[i]);
	}
	(void)bson_append_array_end(&operators, &list);
	(void)bson_append_document_end(filter, &operators);
	return filter;
}

bool store_append_body(bson_t *to, const char *key, const char *flag, const char *body,
                       int64_t limit)
{
	if (!body) {
		(void)BSON_APPEND_NULL(to, key);
		return false;
	}
	size_t len = strlen(body);
	size_t kept = utf8_cut(body, len, (size_t)limit);

	convert_append_text_len(to, key, body, kept);
	if (kept < len)
		(void)BSON_APPEND_BOOL(to, flag, true);
	return kept < len;
}
