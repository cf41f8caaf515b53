#include "service/ctx.h"

#include "httpd/codes.h"
#include "httpd/httpd.h"
#include "metrics/metrics.h"

enum { MAX_CONNECTIONS = 64, MAX_BODY = 4096, HEAD_MS = 5000, WRITE_MS = 5000 };

static int livez(struct service_ctx *ctx, struct buf *out)
{
	buf_append_str(out, "ok\n");
	return CODE_OK;
}

static int readyz(struct service_ctx *ctx, struct buf *out)
{
	CLEANUP(freep) char *report = ready_report_json(ctx);

	buf_append_str(out, report);
	return ready_holds(ctx) ? CODE_OK : CODE_AWAY;
}

static int metrics(struct service_ctx *ctx, struct buf *out)
{
	metrics_render(out);
	return CODE_OK;
}

static const struct page {
	const char *path;
	const char *type;
	int (*write)(struct service_ctx *ctx, struct buf *out); /* returns the code */
} pages[] = {
	{ "/livez", "text/plain", livez },
	{ "/readyz", "application/json", readyz },
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", metrics },
};

static const struct page *find(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		if (strcmp(pages[i].path, path) == 0)
			return &pages[i];
	return NULL;
}

static bool reads(const char *method)
{
	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static void on_request(struct httpd_request *rq, void *arg)
{
	CLEANUP(buf_deinit) struct buf headers = BUF_INIT(0), body = BUF_INIT(0);
	const struct page *page = find(rq->head.path);
	int code = CODE_NOT_FOUND;

	if (page && reads(rq->head.method)) {
		code = page->write(arg, &body);
		httpd_header(&headers, "content-type", page->type);
		httpd_header(&headers, "cache-control", "no-store");
	} else if (page) {
		code = CODE_NO_METHOD;
		httpd_header(&headers, "allow", "GET, HEAD");
	}
	httpd_reply(rq, code, &headers, body.data, body.len);
}

int health_open(struct service_ctx *ctx, struct err_text *why)
{
	const struct httpd_options options = {
		.name = "health",
		.address = ctx->config.health_address,
		.port = (int)ctx->config.health_port,
		.keys = "HEALTH_ADDRESS, HEALTH_PORT",
		.max_connections = MAX_CONNECTIONS,
		.max_body = MAX_BODY,
		.max_bodies = (size_t)MAX_BODY * MAX_CONNECTIONS,
		.head_ms = HEAD_MS,
		.write_ms = WRITE_MS,
	};
	int result = httpd_open(ctx->loop, &options, on_request, ctx, &ctx->health, why);

	if (result == 0)
		ctx->health_port = httpd_port(ctx->health);
	return result;
}

void health_close(struct service_ctx *ctx)
{
	ctx->health = httpd_close(ctx->health);
}
