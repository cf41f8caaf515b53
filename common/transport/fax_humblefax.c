/*
 * HumbleFax: a fax is drafted, gets its documents, and is sent. It keeps our LOGID as
 * `uuid`, by which it is found again among the faxes of a time.
 */
#include "transport/fax_vendor.h"

#include "json/jdoc.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

static char *authorize(const char *access_key, const char *secret_key)
{
	CLEANUP(freep) char *plain = xasprintf("%s:%s", access_key, secret_key);
	size_t len = strlen(plain);
	size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	CLEANUP(freep) char *text = xcalloc(1, size);

	return xasprintf("Basic %s",
	                 sodium_bin2base64(text, size, (unsigned char *)plain, len,
	                                   sodium_base64_VARIANT_ORIGINAL));
}

static json_t *number_json(const char *digits)
{
	return json_integer((json_int_t)strtoll(digits, NULL, 10));
}

static void set_text(json_t *object, const char *key, const char *text)
{
	if (*text)
		jdoc_set_text(object, key, text);
}

static void make_draft(const struct fax_message *m, const char *draft, size_t round,
                       struct fax_request *out)
{
	CLEANUP_JSON json_t *fax = json_object();
	json_t *recipients = json_array();
	bool has_cover = *m->subject || *m->message;
	CLEANUP(freep) char *text = NULL;

	for (size_t i = 0; i < m->n_numbers; i++)
		(void)json_array_append_new(recipients, number_json(m->numbers[i]));
	(void)json_object_set_new(fax, "recipients", recipients);
	if (*m->from)
		(void)json_object_set_new(fax, "fromNumber", number_json(m->from));
	set_text(fax, "toName", m->to_name);
	set_text(fax, "fromName", m->from_name);
	set_text(fax, "subject", m->subject);
	set_text(fax, "message", m->message);
	(void)json_object_set_new(fax, "includeCoversheet", json_boolean(has_cover));
	jdoc_set_text(fax, "resolution", "Fine");
	jdoc_set_text(fax, "pageSize", "Letter");
	jdoc_set_text(fax, "uuid", m->log_id);
	text = jdoc_dump(fax, NULL);
	out->method = "POST";
	buf_append_str(&out->path, "/tmpFax");
	buf_append_str(&out->content_type, "application/json");
	buf_append_str(&out->body, text);
}

static void attach(const struct fax_message *m, const char *draft, size_t round,
                   struct fax_request *out)
{
	out->method = "POST";
	buf_printf(&out->path, "/attachment/%s", draft);
	fax_part_begin(m, out);
	fax_part_document(m, "file", round, out);
	fax_part_end(m, out);
}

static void send_draft(const struct fax_message *m, const char *draft, size_t round,
                       struct fax_request *out)
{
	out->method = "POST";
	buf_printf(&out->path, "/tmpFax/%s/send", draft);
	buf_append_str(&out->content_type, "application/json");
	buf_append_str(&out->body, "{}");
}

static const char *const draft_paths[] = { "data.tmpFax.id", "data.id", NULL };
static const char *const fax_paths[] = { "data.sentFax.id", "data.fax.id", NULL };

static const struct fax_step steps[] = {
	{ .doing = "creating the fax",
	  .keeps = FAX_KEEPS_DRAFT,
	  .id_paths = draft_paths,
	  .make = make_draft },
	{ .doing = "attaching a document", .per_document = true, .make = attach },
	{ .doing = "sending the fax",
	  .keeps = FAX_KEEPS_FAX,
	  .id_paths = fax_paths,
	  .commits = true,
	  .make = send_draft },
};

static void ask(const char *fax_id, struct fax_request *out)
{
	buf_printf(&out->path, "/sentFax/%s", fax_id);
}

static void list(const struct fax_message *m, int64_t from_s, int64_t to_s,
                 struct fax_request *out)
{
	buf_printf(&out->path, "/sentFaxes?timeFrom=%lld&timeTo=%lld", (long long)from_s,
	           (long long)to_s);
	if (*m->from)
		buf_printf(&out->path, "&fromNumber=%s", m->from);
}

static int most(int64_t a, int64_t b)
{
	int64_t c = a > b ? a : b;

	return c > 100000 ? 100000 : (int)c;
}

/* What one call says; the last reason that is given counts. */
static void read_call(const json_t *call, struct fax_status *out)
{
	const char *reason = jdoc_text_or(call, "failureReason", "");

	out->pages_sent =
		most(out->pages_sent, fax_read_number(json_object_get(call, "pagesSent")));
	if (*reason)
		(void)snprintf(out->reason, sizeof(out->reason), "%s", reason);
}

static void read_recipient(const json_t *recipient, struct fax_status *out)
{
	const json_t *attempt, *call;
	size_t i, k;

	json_array_foreach (json_object_get(recipient, "attempts"), i, attempt) {
		out->pages_sent =
			most(out->pages_sent,
		             fax_read_number(json_object_get(attempt, "numPagesSent")));
		json_array_foreach (json_object_get(attempt, "calls"), k, call)
			read_call(call, out);
	}
}

static void read_result(const json_t *fax, struct fax_status *out)
{
	const char *status = jdoc_text_or(fax, "status", "");
	int64_t failed = fax_read_number(json_object_get(fax, "numFailures"));
	int64_t sent = fax_read_number(json_object_get(fax, "numSuccesses"));

	if (out->state == FAX_SENT)
		out->pages_sent = most(out->pages_sent, out->pages);
	if (out->state != FAX_FAILED)
		return;
	/* a recipient that has all of it counts, though no call says how much */
	if (sent > 0)
		out->pages_sent = most(out->pages_sent, out->pages > 0 ? out->pages : 1);
	size_t len = strlen(out->reason);
	(void)snprintf(out->reason + len, sizeof(out->reason) - len,
	               len > 0 ? " (%.40s)" : "%.40s", status);
	len = strlen(out->reason);
	if (sent > 0)
		(void)snprintf(out->reason + len, sizeof(out->reason) - len,
		               ", %" PRId64 " of %" PRId64 " recipients have it", sent,
		               sent + failed);
}

static void read_status(const json_t *answer, struct fax_status *out)
{
	static const struct fax_word words[] = {
		{ "in progress", FAX_RUNNING },  { "scheduled", FAX_RUNNING },
		{ "success", FAX_SENT },         { "failure", FAX_FAILED },
		{ "image failure", FAX_FAILED }, { "partial success", FAX_FAILED },
		{ "cancelled", FAX_FAILED },
	};
	static const char *const places[] = { "data.sentFax", "data.SentFax", "data" };
	const json_t *fax = NULL, *recipient;
	size_t i;

	*out = (struct fax_status){ .state = FAX_UNKNOWN };
	for (i = 0; i < ARRAY_SIZE(places) && !json_is_object(fax); i++)
		fax = jdoc_path(answer, places[i]);
	if (!json_is_object(fax))
		return;
	out->state =
		fax_read_state(words, ARRAY_SIZE(words), jdoc_text_or(fax, "status", ""));
	(void)fax_read_id(json_object_get(fax, "id"), out->id);
	(void)fax_read_id(json_object_get(fax, "uuid"), out->uuid);
	out->created_s = fax_read_number(json_object_get(fax, "timestamp"));
	out->pages = most(0, fax_read_number(json_object_get(fax, "numPages")));
	json_array_foreach (json_object_get(fax, "recipients"), i, recipient)
		read_recipient(recipient, out);
	read_result(fax, out);
}

const struct fax_protocol fax_humblefax = {
	.steps = steps,
	.n_steps = ARRAY_SIZE(steps),
	.authorize = authorize,
	.ask = ask,
	.read_status = read_status,
	.list = list,
	.list_path = "data.sentFaxIds",
};
