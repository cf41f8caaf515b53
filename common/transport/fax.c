/* Faxes: calls over an HTTP transport of their own. */
#include "transport/fax.h"

#include "transport/fax_call.h"

struct metric fax_metric_requests = METRIC_COUNTER(
	"fax_requests_total", "Requests to fax vendors by what came of them.", "result");
struct metric fax_metric_waiting = METRIC_GAUGE(
	"fax_waiting", "Requests to fax vendors that wait for the vendor's pace.", NULL);

struct transport {
	const struct transport_ops *ops;
	struct fax_line line;
};

static int fax_send(struct transport *t, const struct transport_request *rq,
                    transport_done_fn done, void *arg, struct err_text *why)
{
	return fax_call_start(&t->line, rq, done, arg, why);
}

static int fax_open(struct transport **out, const struct transport_config *config,
                    struct event_base *loop, struct err_text *why)
{
	struct transport *http = NULL;
	int r = transport_http.open(&http, config, loop, why);

	if (r)
		return r;
	struct transport *t = xcalloc(1, sizeof(*t));

	t->ops = &transport_fax;
	t->line.http = http;
	t->line.paces = fax_paces_new(loop);
	TAILQ_INIT(&t->line.calls);
	*out = t;
	return 0;
}

static struct transport *fax_close(struct transport *t)
{
	struct fax_call *c;

	if (!t)
		return NULL;
	(void)transport_http.close(t->line.http);
	while ((c = TAILQ_FIRST(&t->line.calls)))
		(void)fax_call_free(c);
	(void)fax_paces_free(t->line.paces);
	free(t);
	return NULL;
}

const struct transport_ops transport_fax = {
	.kind = TRANSPORT_FAX,
	.open = fax_open,
	.send = fax_send,
	.close = fax_close,
};
