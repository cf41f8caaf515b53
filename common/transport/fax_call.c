#include "transport/fax_call.h"

#include "base/clock.h"
#include "base/random.h"
#include "transport/fax.h"
#include "json/jdoc.h"

#include <stdio.h>

/* ---- the end ---- */

struct fax_call *fax_call_free(struct fax_call *c)
{
	if (!c)
		return NULL;
	TAILQ_REMOVE(&c->line->calls, c, link);
	fax_turn_leave(&c->turn);
	fax_request_clear(&c->request);
	fax_message_release(&c->message);
	json_decref(c->listed);
	for (size_t i = 0; i < c->row.n_headers; i++) {
		free(c->row.headers[i].name);
		free(c->row.headers[i].value);
	}
	free(c->row.headers);
	free(c->row.url);
	free(c);
	return NULL;
}

void fax_call_end(struct fax_call *c, struct transport_result *result)
{
	transport_done_fn done = c->done;
	void *arg = c->arg;

	c->timing.total_us = clock_mono_us() - c->began_us;
	result->timing = c->timing;
	if (!result->error)
		result->error = "";
	done(result, arg);
	(void)fax_call_free(c);
}

/* ---- one request ---- */

/* The address alone: rows of one vendor share its pace, whatever their paths. */
char *fax_call_where(const struct fax_call *c)
{
	const char *url = c->rq.row->url, *host = strstr(url, "://");
	size_t len;

	host = host ? host + 3 : url;
	len = strcspn(host, "/?#");
	return xstrndup(host, len);
}

static void place_documents(struct fax_call *c)
{
	for (size_t i = 0; i < c->request.n_places; i++) {
		const struct fax_place *place = &c->request.places[i];

		c->documents[i] = c->rq.documents[place->document];
		c->documents[i].offset = place->at;
		c->documents[i].raw = true;
	}
}

static void on_turn(void *arg)
{
	struct fax_call *c = arg;
	struct err_text why = { "" };

	metric_set(&fax_metric_waiting, NULL, (double)fax_paces_waiting(c->line->paces));
	free(c->row.url);
	c->row.url = xasprintf("%s%s", c->rq.row->url, buf_str(&c->request.path));
	c->task.method = c->request.method;
	c->task.content_type = buf_str(&c->request.content_type);
	place_documents(c);
	const struct transport_request rq = {
		.row = &c->row,
		.task = &c->task,
		.body = buf_str(&c->request.body),
		.body_len = c->request.body.len,
		.bare = true,
		.documents = c->request.n_places > 0 ? c->documents : NULL,
		.n_documents = c->request.n_places,
	};
	if (transport_http.send(c->line->http, &rq, fax_call_answer, c, &why) == 0)
		return;
	const struct transport_result failed = { .kind = ERROR_KIND_CONFIG,
		                                 .error = why.text };
	fax_call_failed(c, &failed);
}

static void make_request(struct fax_call *c)
{
	int64_t now_s = clock_wall_ms() / 1000;
	char id[FAX_ID_SIZE];

	fax_request_clear(&c->request);
	switch (c->stage) {
	case FAX_STAGE_ASK:
		c->protocol->ask(c->fax_id, &c->request);
		break;
	case FAX_STAGE_LIST:
		c->protocol->list(&c->message,
		                  (c->rq.unsure_since_ms - FAX_CLOCKS_MS) / 1000,
		                  now_s + FAX_CLOCKS_MS / 1000, &c->request);
		break;
	case FAX_STAGE_LOOK:
		if (!fax_read_id(json_array_get(c->listed, json_array_size(c->listed) -
		                                                   c->n_looked - 1),
		                 id))
			(void)snprintf(id, sizeof(id), "0");
		c->protocol->ask(id, &c->request);
		break;
	case FAX_STAGE_STEP:
		c->protocol->steps[c->step].make(&c->message, c->draft, c->round,
		                                 &c->request);
		break;
	}
}

void fax_call_go(struct fax_call *c, enum fax_stage stage)
{
	CLEANUP(freep) char *where = fax_call_where(c);

	c->stage = stage;
	make_request(c);
	fax_pace_wait(c->line->paces, where, c->rq.row->rate_per_second, &c->turn);
	metric_set(&fax_metric_waiting, NULL, (double)fax_paces_waiting(c->line->paces));
}

/* ---- the beginning ---- */

static void set_header(struct header *h, const char *name, const char *value)
{
	*h = (struct header){ .name = xstrdup(name), .value = xstrdup(value) };
}

/* The row as the HTTP transport needs it: its own headers, and the vendor's log-in. */
static void make_row(struct fax_call *c)
{
	const struct integration *row = c->rq.row;
	const json_t *fax = json_object_get(row->extra, "fax");
	CLEANUP(freep)
	char *login = c->protocol->authorize(jdoc_text_or(fax, "access_key", ""),
	                                     jdoc_text_or(fax, "secret_key", ""));

	c->row = *row;
	c->row.url = NULL;
	c->row.auth_type = AUTH_NONE;
	c->row.webhook_secret = NULL;
	c->row.headers = xcalloc(row->n_headers + 1, sizeof(*c->row.headers));
	for (size_t i = 0; i < row->n_headers; i++)
		set_header(&c->row.headers[i], row->headers[i].name, row->headers[i].value);
	set_header(&c->row.headers[row->n_headers], "authorization", login);
	c->row.n_headers = row->n_headers + 1;
}

static int read_message(struct fax_call *c, struct err_text *why)
{
	const struct transport_request *rq = &c->rq;
	const struct fax_vendor *vendor = rq->row->fax_vendor;
	const char *from =
		jdoc_text_or(json_object_get(rq->row->extra, "fax"), "from", NULL);
	int r = 0;

	if (!rq->task->check)
		r = fax_message_read(rq->body, rq->body_len, vendor, from, &c->message,
		                     why);
	else if (from && !fax_number(vendor, from, c->message.from))
		c->message.from[0] = '\0';
	if (r == 0 && c->message.n_documents != rq->n_documents)
		r = err_say(why, -1, "documents: each must have its PDF in the LIS");
	c->message.log_id = c->log_id;
	c->message.boundary = c->boundary;
	return r;
}

/*
 * A fax that the log is known to have is asked about first; what may have been sent
 * without our knowing is looked for. An automatic retry of what cannot be found again ends.
 */
static int choose_stage(struct fax_call *c, struct err_text *why)
{
	const struct task *task = c->rq.task;
	bool unsure = c->rq.unsure_since_ms > 0;

	c->stage = FAX_STAGE_STEP;
	if (task->vendor_fax_id) {
		(void)snprintf(c->fax_id, sizeof(c->fax_id), "%s", task->vendor_fax_id);
		c->stage = FAX_STAGE_ASK;
	} else if (unsure && c->protocol->list) {
		c->stage = FAX_STAGE_LIST;
	} else if (task->check) {
		return err_say(why, -1, "the log has no fax to ask about");
	} else if (unsure && task->automatic) {
		return err_say(why, -1,
		               "%s cannot say whether the fax was sent before: look "
		               "there, then retry it by hand",
		               c->rq.row->fax_vendor->name);
	}
	return 0;
}

int fax_call_start(struct fax_line *line, const struct transport_request *rq,
                   transport_done_fn done, void *arg, struct err_text *why)
{
	const struct fax_protocol *protocol = fax_protocol_find(rq->row->fax_vendor);
	struct fax_call *c;

	if (!protocol)
		return err_say(why, TRANSPORT_E_CONFIG,
		               "vendor is none that faxes go through");
	c = xcalloc(1, sizeof(*c));
	c->line = line;
	c->rq = *rq;
	c->done = done;
	c->arg = arg;
	c->protocol = protocol;
	c->turn = (struct fax_turn){ .start = on_turn, .arg = c };
	c->began_us = clock_mono_us();
	c->task.log_id = rq->task->log_id;
	c->request.method = "GET";
	(void)log_id_to_hex(&rq->task->log_id, c->log_id);
	(void)snprintf(c->boundary, sizeof(c->boundary), "fax-%016llx%016llx",
	               (unsigned long long)random_u64(), (unsigned long long)random_u64());
	TAILQ_INSERT_TAIL(&line->calls, c, link);
	int r = read_message(c, why);
	if (r == 0)
		r = choose_stage(c, why);
	if (r) {
		(void)fax_call_free(c);
		return TRANSPORT_E_CONFIG;
	}
	make_row(c);
	fax_call_go(c, c->stage);
	return 0;
}
