#include "transport/http_headers.h"

#include "base/buf.h"
#include "base/random.h"
#include "base/utf8.h"
#include "secrets/mask.h"
#include "secrets/signature.h"

#include <ctype.h>
#include <curl/curl.h>
#include <sodium.h>
#include <stdio.h>
#include <strings.h>

/*
 * A row's headers may replace ours, but not these: they are the transport's own (framing,
 * connection, host) or what a partner verifies us by.
 */
static const char *const reserved[] = {
	"host",
	"content-length",
	"transfer-encoding",
	"connection",
	"keep-alive",
	"te",
	"trailer",
	"upgrade",
	"expect",
	"proxy-connection",
	"webhook-id",
	"webhook-timestamp",
	"traceparent",
	"webhook-signature",
	"accept-encoding",
};

static bool is_reserved(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(reserved); i++)
		if (strcasecmp(name, reserved[i]) == 0)
			return true;
	return false;
}

/* RFC 9110, 5.6.2. */
static bool is_token(const char *name)
{
	if (*name == '\0')
		return false;
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && !strchr("!#$%&'*+-.^_`|~", *name))
			return false;
	return true;
}

static bool is_value(const char *value)
{
	for (; *value; value++)
		if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7f)
			return false;
	return true;
}

static void set(struct http_headers *h, const char *name, const char *value, bool secret)
{
	size_t i = 0;

	while (i < h->n && strcasecmp(h->list[i].name, name) != 0)
		i++;
	if (i == h->n) {
		if (h->n == HTTP_HEADERS_MAX)
			return; /* add_row() has left room for ours */
		h->n++;
	} else {
		free(h->list[i].name);
		free(h->list[i].value);
	}
	h->list[i] = (struct http_header){
		.name = xstrdup(name),
		.value = xstrdup(value),
		.secret = secret,
	};
}

static void add_basic(struct http_headers *h, const struct integration *row)
{
	CLEANUP(freep)
	char *plain = xasprintf("%s:%s", row->auth_username, row->auth_password);
	size_t len = strlen(plain);
	size_t size = sodium_base64_encoded_len(len, sodium_base64_VARIANT_ORIGINAL);
	CLEANUP(freep) char *text = xcalloc(1, size);
	CLEANUP(freep)
	char *value = xasprintf("Basic %s",
	                        sodium_bin2base64(text, size, (unsigned char *)plain, len,
	                                          sodium_base64_VARIANT_ORIGINAL));

	set(h, "authorization", value, true);
}

static int add_token(struct http_headers *h, const char *token, const char *whose,
                     struct err_text *why)
{
	CLEANUP(freep) char *value = xasprintf("Bearer %s", token);

	if (!is_value(value))
		return err_say(why, TRANSPORT_E_CONFIG,
		               "%s: holds a control character; remove it", whose);
	set(h, "authorization", value, true);
	return 0;
}

static int add_auth(struct http_headers *h, const struct transport_request *rq,
                    struct err_text *why)
{
	const struct integration *row = rq->row;

	if (row->api_key) {
		if (!is_value(row->api_key))
			return err_say(why, TRANSPORT_E_CONFIG,
			               "x-api-key: holds a control character; remove it");
		set(h, "x-api-key", row->api_key, true);
	}
	switch (row->auth_type) {
	case AUTH_NONE:
		return 0;
	case AUTH_BASIC:
		add_basic(h, row);
		return 0;
	case AUTH_BEARER:
		return add_token(h, row->auth_token, "auth.token", why);
	case AUTH_OAUTH2_CLIENT_CREDENTIALS:
		return add_token(h, rq->access_token, "the access token", why);
	case AUTH_MTLS: /* the connection's */
		break;
	}
	return 0;
}

static int add_row(struct http_headers *h, const struct integration *row,
                   struct err_text *why)
{
	if (row->n_headers > HTTP_HEADERS_MAX - 16)
		return err_say(why, TRANSPORT_E_CONFIG, "headers: more than %d",
		               HTTP_HEADERS_MAX - 16);
	for (size_t i = 0; i < row->n_headers; i++) {
		const struct header *header = &row->headers[i];

		if (!is_token(header->name))
			return err_say(why, TRANSPORT_E_CONFIG,
			               "headers: number %zu has a name that no header can "
			               "have; use letters, digits and -",
			               i + 1);
		if (!is_value(header->value))
			return err_say(
				why, TRANSPORT_E_CONFIG,
				"headers: %.100s holds a line break or another control "
				"character; remove it",
				header->name);
		if (!is_reserved(header->name))
			set(h, header->name, header->value, false);
	}
	return 0;
}

/* Our span in the task's trace; a new trace when it has none that can be read. */
static void add_traceparent(struct http_headers *h, const char *parent)
{
	char value[64];
	uint64_t span = random_u64() | 1;
	static const char *const hex = "0123456789abcdef";
	bool usable = parent && strlen(parent) >= 55 && parent[2] == '-' &&
	              parent[35] == '-' && strspn(parent + 3, hex) == 32 &&
	              strspn(parent + 3, "0") < 32 && strspn(parent + 53, hex) >= 2;

	if (usable)
		(void)snprintf(value, sizeof(value), "00-%.32s-%016llx-%.2s", parent + 3,
		               (unsigned long long)span, parent + 53);
	else
		(void)snprintf(value, sizeof(value), "00-%016llx%016llx-%016llx-01",
		               (unsigned long long)random_u64(),
		               (unsigned long long)(random_u64() | 1),
		               (unsigned long long)span);
	set(h, "traceparent", value, false);
}

static int add_webhook(struct http_headers *h, const struct transport_request *rq,
                       int64_t now_wall_ms, struct err_text *why)
{
	char id[LOG_ID_HEX_SIZE], timestamp[24];
	struct buf signature = BUF_INIT(0);
	bool is_get = strcmp(rq->task->method, "GET") == 0;

	if (rq->signature)
		now_wall_ms = rq->signed_at_ms;
	log_id_to_hex(&rq->task->log_id, id);
	(void)snprintf(timestamp, sizeof(timestamp), "%lld",
	               (long long)(now_wall_ms / 1000));
	set(h, "webhook-id", id, false);
	set(h, "webhook-timestamp", timestamp, false);
	if (rq->signature)
		set(h, "webhook-signature", rq->signature, true);
	if (rq->signature || !rq->row->webhook_secret)
		return 0;
	/* A GET has no body: the signature is of the empty one. */
	int r = signature_append(rq->row->webhook_secret, id, now_wall_ms / 1000, rq->body,
	                         is_get ? 0 : rq->body_len, &signature, why);
	if (r == 0)
		set(h, "webhook-signature", buf_str(&signature), true);
	buf_deinit(&signature);
	return r == 0 ? 0 : TRANSPORT_E_CONFIG;
}

int http_headers_build(struct http_headers *out, const struct transport_request *rq,
                       int64_t now_wall_ms, struct err_text *why)
{
	out->n = 0;
	if (strcmp(rq->task->method, "GET") != 0 && rq->body_len > 0)
		set(out, "content-type",
		    rq->task->content_type ? rq->task->content_type : "application/json",
		    false);
	set(out, "user-agent", "integration-fleet/" FLEET_VERSION, false);
	int r = add_auth(out, rq, why);
	if (r == 0)
		r = add_row(out, rq->row, why);
	if (r == 0 && !rq->bare)
		r = add_webhook(out, rq, now_wall_ms, why);
	if (r == 0 && !rq->bare)
		add_traceparent(out, rq->task->traceparent);
	return r;
}

void http_headers_release(struct http_headers *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free(h->list[i].name);
		free(h->list[i].value);
	}
	h->n = 0;
}

static struct curl_slist *append(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(list, line);

	if (!longer)
		abort(); /* out of memory */
	return longer;
}

struct curl_slist *http_headers_to_curl(const struct http_headers *h)
{
	struct curl_slist *list = append(NULL, "Expect:"); /* never wait for a 100 */

	for (size_t i = 0; i < h->n; i++) {
		const struct http_header *header = &h->list[i];
		/* curl sends a header without a value only in this form */
		CLEANUP(freep)
		char *line = header->value[0]
		                     ? xasprintf("%s: %s", header->name, header->value)
		                     : xasprintf("%s;", header->name);

		list = append(list, line);
	}
	return list;
}

json_t *http_headers_to_json(const struct http_headers *h)
{
	json_t *object = json_object();

	for (size_t i = 0; i < h->n; i++) {
		const struct http_header *header = &h->list[i];
		bool masked =
			header->secret || mask_wants(header->name, strlen(header->name));
		CLEANUP(freep)
		char *shown = utf8_repair(masked ? MASK_TEXT : header->value,
		                          strlen(masked ? MASK_TEXT : header->value), NULL);

		(void)json_object_set_new_nocheck(object, header->name, json_string(shown));
	}
	return object;
}
