#include "vendor.h"

#include "base/clock.h"
#include "http.h"
#include "logstore/sweep.h"
#include "message/check.h"
#include "message/report.h"
#include "message/vendor_notice.h"
#include "settings/settings.h"

#include <sodium.h>
#include <stdio.h>

enum { BODY_MAX = 256 * 1024, SETTINGS_MS = 5000, SECRET_SIZE = 256 };

/* ---- who may call ---- */

/* Without whsec_ and padding, in the alphabet that a path takes as it is. */
static void plain_secret(const char *text, size_t len, char out[SECRET_SIZE])
{
	size_t n = 0;

	if (len > 6 && strncmp(text, "whsec_", 6) == 0) {
		text += 6;
		len -= 6;
	}
	while (len > 0 && text[len - 1] == '=')
		len--;
	for (size_t i = 0; i < len && n < SECRET_SIZE - 1; i++)
		out[n++] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
	out[n] = '\0';
}

struct hash {
	unsigned char bytes[crypto_generichash_BYTES];
};

static struct hash hash_of(const char *text, size_t len)
{
	char secret[SECRET_SIZE];
	struct hash hash;

	plain_secret(text, len, secret);
	(void)crypto_generichash(hash.bytes, sizeof(hash.bytes), (unsigned char *)secret,
	                         strlen(secret), NULL, 0);
	return hash;
}

/* Every one of its secrets is compared: no early end to measure. */
static bool has_secret(const struct integration *row, const struct hash *presented)
{
	const char *at = row->webhook_secret ? row->webhook_secret : "";
	int found = 0;

	while (*at) {
		size_t len = strcspn(at, " ");
		struct hash own = hash_of(at, len);

		found |= len > 0 &&
		         sodium_memcmp(own.bytes, presented->bytes, sizeof(own.bytes)) == 0;
		at += len;
		at += strspn(at, " ");
	}
	return found;
}

struct caller {
	const struct fax_vendor *vendor;
	struct hash presented;
	bool known;
};

static bool is_of(const struct integration *row, const struct caller *caller)
{
	return row->transport == TRANSPORT_FAX && row->fax_vendor == caller->vendor &&
	       has_secret(row, &caller->presented);
}

static void look_at_row(const struct integration *row, void *arg)
{
	struct caller *caller = arg;

	caller->known |= is_of(row, caller);
}

/* NULL: PostgreSQL is away and no rows were ever read; said. */
static const struct settings *refresh(struct call *call)
{
	struct stores *s = call->stores;
	struct settings *now = NULL;

	if (!s->pg)
		s->pg = pg_open(&s->config->postgres);
	if (!s->source)
		s->source = settings_source_new(s->pg, &s->config->secrets);
	if (settings_refresh(s->source, clock_mono_ms() + SETTINGS_MS, &now) == 0) {
		(void)settings_unref(s->settings);
		s->settings = now;
	}
	if (!s->settings)
		call_fail(call, CODE_AWAY, "PostgreSQL does not answer");
	return s->settings;
}

/* ---- whose fax it is ---- */

struct search {
	const struct caller *caller;
	const struct settings *settings;
	const struct vendor_notice *notice;
	bool found;
	char *task;
	char lane[LANE_KEY_SIZE];
};

/*
 * Of a fax that is not the log's last one only the delivery counts. Before the last one's
 * id is known, what a first attempt's webhook names is taken to be it.
 */
static bool is_older(const struct awaited_fax *fax, const struct vendor_notice *notice)
{
	bool known = fax->taken && fax->vendor_fax_id &&
	             strcmp(fax->vendor_fax_id, FAX_ID_UNSURE) != 0;

	if (!known)
		return fax->attempt > 0;
	return notice->fax_id[0] != '\0' && strcmp(fax->vendor_fax_id, notice->fax_id) != 0;
}

static bool take_log(const struct awaited_fax *fax, void *arg)
{
	struct search *s = arg;
	const struct vendor_notice *notice = s->notice;
	const struct integration *row = settings_find(s->settings, fax->integration_id);
	bool older = is_older(fax, notice);

	if (!row || !is_of(row, s->caller))
		return true;
	const struct fax_question question = {
		.log_id = fax->id,
		.lab_id = fax->lab_id,
		.integration_id = fax->integration_id,
		.action_id = fax->action_id,
		.attempt = older ? 0 : fax->attempt,
		.retry_id = older ? NULL : fax->retry_id,
		.vendor_fax_id = notice->fax_id[0] ? notice->fax_id : fax->vendor_fax_id,
		.since_ms = fax->inserted_at_ms,
		.older = older,
	};

	s->found = true;
	s->task = fax_question_encode(&question);
	(void)settings_lane_key(row, s->lane);
	return false;
}

static int find_log(struct stores *s, struct search *search)
{
	const struct vendor_notice *notice = search->notice;
	struct log_id id;

	if (!s->logs && logstore_open(&s->config->logstore, &s->logs, NULL))
		return LOGSTORE_E_AWAY;
	if (log_id_parse(notice->uuid, &id))
		return logstore_find_fax(s->logs, &id, take_log, search);
	if (notice->uuid[0] || notice->fax_id[0] == '\0')
		return 0; /* of another program that uses the account */
	return logstore_awaited_faxes(s->logs, clock_wall_ms() - FAX_CHECKS_FOR_MS,
	                              notice->fax_id, take_log, search);
}

static void answer_result(struct call *call, int code, const char *result)
{
	call->code = code;
	call->answer = json_pack("{s:s}", "result", result);
}

static void take_notice(struct call *call, const struct caller *caller,
                        const struct settings *settings, const struct vendor_notice *notice)
{
	struct search search = { .caller = caller, .settings = settings, .notice = notice };

	if (find_log(call->stores, &search)) {
		free(search.task);
		call_fail(call, CODE_AWAY, "the log store does not answer");
		return;
	}
	metric_add(&metric_vendor_notices, search.found ? "asked" : "unknown", 1);
	if (!search.found) { /* a repeat would find no more */
		answer_result(call, CODE_OK, "no fax of ours");
		return;
	}
	call->task = search.task;
	(void)snprintf(call->key, sizeof(call->key), "%s", search.lane);
	answer_result(call, CODE_ACCEPTED, "accepted");
}

void run_vendor(struct call *call)
{
	struct caller caller = { .vendor = fax_vendor_find(call->parts[0]),
		                 .presented =
		                         hash_of(call->parts[1], strlen(call->parts[1])) };
	struct vendor_notice notice;
	struct err_text why = { "" };

	if (!caller.vendor) {
		call_fail(call, CODE_NOT_FOUND, "no vendor has this name");
		return;
	}
	const struct settings *settings = refresh(call);

	if (!settings)
		return;
	settings_each(settings, look_at_row, &caller);
	if (!caller.known) {
		metric_add(&metric_vendor_notices, "refused", 1);
		call_fail(call, CODE_UNKNOWN_CALLER, "no integration has this secret");
	} else if (call->request->body_len > BODY_MAX) {
		call_fail(call, CODE_TOO_LARGE, "the body is larger than 256 KiB");
	} else if (vendor_notice_read(caller.vendor, call->request->body,
	                              call->request->body_len, &notice, &why)) {
		call_fail(call, CODE_BAD, why.text);
	} else if (!notice.of_sent_fax) {
		metric_add(&metric_vendor_notices, "ignored", 1);
		answer_result(call, CODE_OK, "ignored");
	} else {
		take_notice(call, &caller, settings, &notice);
	}
}
