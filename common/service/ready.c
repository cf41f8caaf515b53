#include "service/ctx.h"

#include "log/log.h"
#include "metrics/metrics.h"
#include "json/jdoc.h"

static struct metric condition_holds = METRIC_GAUGE(
	"service_condition", "1 while a condition of readiness holds.", "condition");
static struct metric *const table[] = { &condition_holds };

void ready_register_metrics(void)
{
	metrics_register(table, ARRAY_SIZE(table));
}

/* With the lock held. */
static struct condition *take_condition(struct service_ctx *ctx, const char *name)
{
	struct condition *c = ctx->conditions;

	while (c && strcmp(c->name, name) != 0)
		c = c->next;
	if (!c) {
		c = xcalloc(1, sizeof(*c));
		c->name = xstrdup(name);
		c->next = ctx->conditions;
		ctx->conditions = c;
		metric_set(&condition_holds, name, 0);
	}
	return c;
}

/*
 * Worth a line: a change, or another reason not to hold. Not what a new condition starts
 * with, since that is no news yet.
 */
static bool is_news(const struct condition *c, bool holds, const char *why)
{
	return c->holds != holds ||
	       (!holds && c->why.text[0] && strcmp(c->why.text, why) != 0);
}

void service_ready(struct service_ctx *ctx, const char *condition, bool holds,
                   const char *why)
{
	struct err_text said;

	(void)err_say(&said, 0, "%s", why ? why : "");
	(void)pthread_mutex_lock(&ctx->lock);

	struct condition *c = take_condition(ctx, condition);
	bool news = is_news(c, holds, said.text);

	c->holds = holds;
	c->why = said;
	(void)pthread_mutex_unlock(&ctx->lock);
	if (!news)
		return;
	metric_set(&condition_holds, condition, holds);
	if (holds)
		log_info(NULL, "service.condition_holds", "%s", condition);
	else
		log_warn(NULL, "service.condition_lost", "%s: %s", condition, said.text);
}

bool ready_holds(struct service_ctx *ctx)
{
	bool all = !service_draining(ctx);

	(void)pthread_mutex_lock(&ctx->lock);
	for (const struct condition *c = ctx->conditions; c; c = c->next)
		all = all && c->holds;
	(void)pthread_mutex_unlock(&ctx->lock);
	return all;
}

char *ready_report_json(struct service_ctx *ctx)
{
	CLEANUP_JSON json_t *doc = json_object();
	json_t *conditions = json_object();

	(void)json_object_set_new(doc, "ready", json_boolean(ready_holds(ctx)));
	(void)json_object_set_new(doc, "draining", json_boolean(service_draining(ctx)));
	(void)json_object_set_new(doc, "conditions", conditions);
	(void)pthread_mutex_lock(&ctx->lock);
	for (const struct condition *c = ctx->conditions; c; c = c->next) {
		json_t *entry = json_object();

		(void)json_object_set_new(entry, "ready", json_boolean(c->holds));
		if (c->why.text[0])
			jdoc_set_text(entry, "why", c->why.text);
		(void)json_object_set_new(conditions, c->name, entry);
	}
	(void)pthread_mutex_unlock(&ctx->lock);
	return jdoc_dump(doc, NULL);
}

void ready_free(struct service_ctx *ctx)
{
	struct condition *next;

	for (struct condition *c = ctx->conditions; c; c = next) {
		next = c->next;
		free(c->name);
		free(c);
	}
	ctx->conditions = NULL;
}
