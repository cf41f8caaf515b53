/* Documo (mFax): one request sends one fax to one number. It keeps no id
 * of ours by which a fax could be found again. */
#include "transport/fax_vendor.h"

#include "json/jdoc.h"

#include <stdio.h>
#include <strings.h>

/* The key as it is: no Base64, as its documents say. */
static char *authorize(const char *access_key, const char *secret_key)
{
	return xasprintf("Basic %s", access_key);
}

static void send_fax(const struct fax_message *m, const char *draft, size_t round,
                     struct fax_request *out)
{
	const struct {
		const char *name, *text;
	} texts[] = {
		{ "faxNumber", m->numbers[0] },
		{ "coverPage", *m->subject || *m->message ? "true" : "false" },
		{ "recipientName", m->to_name },
		{ "senderName", m->from_name },
		{ "subject", m->subject },
		{ "notes", m->message },
		{ "callerId", m->from },
		{ "tags", m->log_id },
		{ "async", "true" },
	};

	out->method = "POST";
	buf_append_str(&out->path, "/v1/faxes");
	fax_part_begin(m, out);
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (*texts[i].text)
			fax_part_text(m, texts[i].name, texts[i].text, out);
	for (size_t i = 0; i < m->n_documents; i++)
		fax_part_document(m, "attachments", i, out);
	fax_part_end(m, out);
}

static const char *const id_paths[] = { "messageId", "data.messageId", "id", NULL };

static const struct fax_step steps[] = {
	{ .doing = "sending the fax",
	  .keeps = FAX_KEEPS_FAX,
	  .id_paths = id_paths,
	  .commits = true,
	  .make = send_fax },
};

static void ask(const char *fax_id, struct fax_request *out)
{
	buf_printf(&out->path, "/v1/fax/%s/info", fax_id);
}

static int count(const json_t *fax, const char *key)
{
	int64_t n = fax_read_number(json_object_get(fax, key));

	if (n < 0)
		return 0;
	return n > 100000 ? 100000 : (int)n;
}

static void read_status(const json_t *answer, struct fax_status *out)
{
	static const struct fax_word words[] = {
		{ "processing", FAX_RUNNING }, { "transmitting", FAX_RUNNING },
		{ "scheduled", FAX_RUNNING },  { "queued", FAX_RUNNING },
		{ "success", FAX_SENT },       { "failed", FAX_FAILED },
		{ "cancelled", FAX_FAILED },
	};
	const json_t *data = json_object_get(answer, "data");
	const json_t *fax = json_is_object(data) ? data : answer;
	const char *status = jdoc_text_or(fax, "status", "");
	const char *said = jdoc_text_or(fax, "errorInfo", "");

	*out = (struct fax_status){ .state = FAX_UNKNOWN };
	if (!json_is_object(fax))
		return;
	out->state = fax_read_state(words, ARRAY_SIZE(words), status);
	(void)fax_read_id(json_object_get(fax, "messageId"), out->id);
	out->pages = count(fax, "pagesCount");
	out->pages_sent = count(fax, "pagesComplete");
	if (out->state == FAX_SENT && out->pages_sent == 0)
		out->pages_sent = out->pages;
	if (*said == '\0')
		said = jdoc_text_or(fax, "resultInfo", "");
	if (out->state != FAX_FAILED)
		return;
	if (*said)
		(void)snprintf(out->reason, sizeof(out->reason), "%.120s (%.40s)", said,
		               status);
	else
		(void)snprintf(out->reason, sizeof(out->reason), "%.40s", status);
}

const struct fax_protocol fax_documo = {
	.steps = steps,
	.n_steps = ARRAY_SIZE(steps),
	.authorize = authorize,
	.ask = ask,
	.read_status = read_status,
};
