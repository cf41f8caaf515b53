#include "service/ctx.h"

#include "metrics/metrics.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/http.h>

enum {
	HEALTH_TIMEOUT_S = 5,
	HEALTH_MAX_HEADERS = 16 * 1024,
	HEALTH_MAX_BODY = 4096,
};

static void answer(struct evhttp_request *rq, int code, const char *type, const char *body,
                   size_t len)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(rq);

	(void)evhttp_add_header(headers, "content-type", type);
	(void)evhttp_add_header(headers, "cache-control", "no-store");
	(void)evbuffer_add(evhttp_request_get_output_buffer(rq), body, len);
	evhttp_send_reply(rq, code, NULL, NULL);
}

static void on_livez(struct evhttp_request *rq, void *arg)
{
	answer(rq, HTTP_OK, "text/plain", "ok\n", 3);
}

static void on_readyz(struct evhttp_request *rq, void *arg)
{
	struct service_ctx *ctx = arg;
	CLEANUP(freep) char *body = ready_report_json(ctx);

	answer(rq, ready_holds(ctx) ? HTTP_OK : HTTP_SERVUNAVAIL, "application/json", body,
	       strlen(body));
}

static void on_metrics(struct evhttp_request *rq, void *arg)
{
	CLEANUP(buf_deinit) struct buf body = BUF_INIT(0);

	metrics_render(&body);
	answer(rq, HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", buf_str(&body),
	       body.len);
}

static int bound_port(evutil_socket_t fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return 0;
	/* the port is at the same place in both families */
	/* NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage): getsockname() filled it */
	return ntohs(((const struct sockaddr_in *)(const void *)&address)->sin_port);
}

int health_open(struct service_ctx *ctx, struct err_text *why)
{
	struct evhttp *http = evhttp_new(ctx->loop);

	if (!http)
		abort();
	ctx->health = http;
	evhttp_set_timeout(http, HEALTH_TIMEOUT_S);
	evhttp_set_max_headers_size(http, HEALTH_MAX_HEADERS);
	evhttp_set_max_body_size(http, HEALTH_MAX_BODY);
	evhttp_set_allowed_methods(http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	(void)evhttp_set_cb(http, "/livez", on_livez, ctx);
	(void)evhttp_set_cb(http, "/readyz", on_readyz, ctx);
	(void)evhttp_set_cb(http, "/metrics", on_metrics, ctx);

	struct evhttp_bound_socket *bound = evhttp_bind_socket_with_handle(
		http, ctx->config.health_address, (uint16_t)ctx->config.health_port);

	if (!bound)
		return err_say(why, errno ? -errno : -EIO,
		               "HEALTH_ADDRESS, HEALTH_PORT: cannot listen there; is "
		               "another process using the port?");
	ctx->health_port = bound_port(evhttp_bound_socket_get_fd(bound));
	return 0;
}

void health_close(struct service_ctx *ctx)
{
	if (ctx->health)
		evhttp_free(ctx->health);
	ctx->health = NULL;
}
