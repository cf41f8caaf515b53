#include "transport/http_exchange.h"

#include "base/utf8.h"
#include "secrets/mask.h"

#include <ctype.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

/* Bounds of an answer's head; the rest of it is read past. */
enum { HEAD_BYTES_MAX = 65536 };

/*
 * A kept connection is used again only while it is fresh: servers close idle ones after a
 * few seconds, and a request that crosses that closing cannot be told from a failed one.
 */
enum { CONNECTION_IDLE_MAX_S = 4 };

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct http_exchange *x = arg;

	buf_append(&x->body, data, size * n);
	return x->body.truncated ? 0 : size * n; /* 0 ends the transfer */
}

static size_t on_read(char *out, size_t size, size_t n, void *arg)
{
	struct http_exchange *x = arg;
	ssize_t got = content_read(&x->content, &x->place, out, size * n);

	x->unreadable = got < 0;
	return got < 0 ? CURL_READFUNC_ABORT : (size_t)got;
}

/* curl begins again only from the start. */
static int on_seek(void *arg, curl_off_t offset, int origin)
{
	struct http_exchange *x = arg;

	if (offset != 0 || origin != SEEK_SET)
		return CURL_SEEKFUNC_CANTSEEK;
	x->place = (struct content_place){ 0 };
	return CURL_SEEKFUNC_OK;
}

/* Repeated headers are joined, as RFC 9110, 5.3 allows. */
static void keep_header(struct http_exchange *x, const char *name, const char *value)
{
	json_t *old = json_object_get(x->response_headers, name);

	if (json_is_string(old)) {
		CLEANUP(freep)
		char *joined = xasprintf("%s, %s", json_string_value(old), value);

		(void)json_object_set_new(x->response_headers, name, json_string(joined));
		return;
	}
	(void)json_object_set_new(x->response_headers, name, json_string(value));
}

static void take_header(struct http_exchange *x, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len);

	if (!colon)
		return;
	const char *value = colon + 1, *end = line + len;
	while (value < end && isspace((unsigned char)*value))
		value++;
	while (end > value && isspace((unsigned char)end[-1]))
		end--;
	CLEANUP(freep) char *name = utf8_repair(line, (size_t)(colon - line), NULL);
	bool secret = mask_wants(name, strlen(name));
	CLEANUP(freep)
	char *text = secret ? xstrdup(MASK_TEXT)
	                    : utf8_repair(value, (size_t)(end - value), NULL);

	if (strcasecmp(name, "retry-after") == 0 && !x->retry_after)
		x->retry_after = xstrdup(text);
	keep_header(x, name, text);
}

static void forget_headers(struct http_exchange *x)
{
	json_decref(x->response_headers);
	x->response_headers = NULL;
	x->headers_len = 0;
	free(x->retry_after);
	x->retry_after = NULL;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct http_exchange *x = arg;
	size_t len = size * n;

	if (len >= 5 && memcmp(data, "HTTP/", 5) == 0) {
		forget_headers(x); /* those of an interim answer (1xx) */
		x->response_headers = json_object();
		return len;
	}
	x->headers_len += len;
	if (x->headers_len <= HEAD_BYTES_MAX)
		take_header(x, data, len);
	return len;
}

/* The address that is about to be connected to: after look-up, whatever the url said. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose,
                                    struct curl_sockaddr *address)
{
	struct http_exchange *x = arg;

	if (x->guard && !address_guard_allows(x->guard, &address->addr)) {
		x->blocked = true;
		(void)address_to_text(&address->addr, x->address);
		return CURL_SOCKET_BAD;
	}
	x->socket = socket(address->family, address->socktype | SOCK_CLOEXEC,
	                   address->protocol);
	return x->socket;
}

/*
 * A connection is ready. When a kept one turns out dead after the request went out, curl
 * would send it again by itself; the partner may have taken the first one, and one task is
 * one request.
 */
static int on_connected(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct http_exchange *x = arg;

	return ++x->connected > 1 ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

struct http_exchange *http_exchange_new(const struct transport_config *config)
{
	struct http_exchange *x = xcalloc(1, sizeof(*x));

	x->config = config;
	x->socket = CURL_SOCKET_BAD;
	x->easy = curl_easy_init();
	if (!x->easy)
		abort(); /* out of memory */
	x->body = BUF_INIT((size_t)config->response_limit);
	return x;
}

struct http_exchange *http_exchange_free(struct http_exchange *x)
{
	if (!x)
		return NULL;
	http_exchange_clear(x);
	curl_easy_cleanup(x->easy);
	free(x);
	return NULL;
}

void http_exchange_clear(struct http_exchange *x)
{
	curl_easy_reset(x->easy); /* keeps connections, which are the multi's */
	curl_slist_free_all(x->headers);
	x->headers = NULL;
	curl_url_cleanup(x->url);
	x->url = NULL;
	json_decref(x->request_headers);
	x->request_headers = NULL;
	free(x->end_point);
	x->end_point = NULL;
	forget_headers(x);
	buf_deinit(&x->body);
	x->blocked = x->reached = x->unreadable = false;
	x->socket = CURL_SOCKET_BAD;
	x->connected = 0;
	x->error[0] = '\0';
}

static bool scheme_is_http(CURLU *url)
{
	char *scheme = NULL;

	(void)curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
	bool ok = scheme && (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
	curl_free(scheme);
	return ok;
}

static int prepare_url(struct http_exchange *x, const struct transport_request *rq,
                       struct err_text *why)
{
	x->url = curl_url();
	CURLUcode code = curl_url_set(x->url, CURLUPART_URL, rq->row->url, CURLU_URLENCODE);
	if (code != CURLUE_OK || !scheme_is_http(x->url))
		return err_say(why, TRANSPORT_E_CONFIG,
		               "url: cannot be used (%s); write http(s)://host/path",
		               code != CURLUE_OK ? curl_url_strerror(code)
		                                 : "neither http nor https");
	if (strcmp(rq->task->method, "GET") == 0 && rq->body_len > 0) {
		CLEANUP(freep) char *query = xstrndup(rq->body, rq->body_len);

		code = curl_url_set(x->url, CURLUPART_QUERY, query, CURLU_APPENDQUERY);
		if (code != CURLUE_OK)
			return err_say(why, TRANSPORT_E_CONFIG,
			               "url: takes no query string (%s)",
			               curl_url_strerror(code));
	}
	return 0;
}

#define SET(option, value) ((void)curl_easy_setopt(x->easy, option, value))

static void set_stream(struct http_exchange *x, const struct transport_request *rq)
{
	x->content = (struct content){ .text = rq->body,
		                       .len = rq->body_len,
		                       .documents = rq->documents,
		                       .n_documents = rq->n_documents };
	x->place = (struct content_place){ 0 };
	SET(CURLOPT_POST, 1L);
	SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)content_length(&x->content));
	SET(CURLOPT_READFUNCTION, on_read);
	SET(CURLOPT_READDATA, x);
	SET(CURLOPT_SEEKFUNCTION, on_seek);
	SET(CURLOPT_SEEKDATA, x);
}

static void set_method(struct http_exchange *x, const struct transport_request *rq)
{
	const char *method = rq->task->method;

	if (strcmp(method, "GET") == 0) {
		SET(CURLOPT_HTTPGET, 1L);
		return;
	}
	if (rq->n_documents > 0) {
		set_stream(x, rq);
	} else if (rq->body_len > 0 || strcmp(method, "DELETE") != 0) {
		SET(CURLOPT_POSTFIELDS, rq->body_len > 0 ? rq->body : "");
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)rq->body_len);
	}
	if (strcmp(method, "POST") != 0)
		SET(CURLOPT_CUSTOMREQUEST, method);
}

/* PEM text; NULL leaves the default. */
static void set_blob(struct http_exchange *x, CURLoption option, char *pem)
{
	struct curl_blob blob = {
		.data = pem,
		.len = pem ? strlen(pem) : 0,
		.flags = CURL_BLOB_COPY,
	};

	if (pem)
		(void)curl_easy_setopt(x->easy, option, &blob);
}

static void set_tls(struct http_exchange *x, const struct integration *row)
{
	SET(CURLOPT_SSL_VERIFYPEER, row->tls_insecure ? 0L : 1L);
	SET(CURLOPT_SSL_VERIFYHOST, row->tls_insecure ? 0L : 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	set_blob(x, CURLOPT_CAINFO_BLOB, row->tls_ca);
	if (row->auth_type == AUTH_MTLS) {
		/* curl uses a connection again only for the same certificate */
		set_blob(x, CURLOPT_SSLCERT_BLOB, row->auth_certificate);
		set_blob(x, CURLOPT_SSLKEY_BLOB, row->auth_private_key);
	}
}

static void set_limits(struct http_exchange *x, const struct integration *row)
{
	int64_t connect = x->config->connect_timeout;

	if (connect > row->timeout_ms)
		connect = row->timeout_ms;
	SET(CURLOPT_TIMEOUT_MS, (long)row->timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long)connect);
	SET(CURLOPT_MAXAGE_CONN, (long)CONNECTION_IDLE_MAX_S);
	SET(CURLOPT_NOSIGNAL, 1L);
	/* A look-up that hangs is left behind, not waited for. */
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_BUFFERSIZE, 16384L);
	SET(CURLOPT_PROXY, x->guard ? "" : x->config->egress_proxy);
	SET(CURLOPT_NOPROXY, x->guard ? "*" : "");
}

static void set_callbacks(struct http_exchange *x)
{
	SET(CURLOPT_PRIVATE, x);
	SET(CURLOPT_ERRORBUFFER, x->error);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, x);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, x);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	SET(CURLOPT_OPENSOCKETDATA, x);
	SET(CURLOPT_CLOSESOCKETFUNCTION, x->on_close);
	SET(CURLOPT_CLOSESOCKETDATA, x->owner);
	SET(CURLOPT_PREREQFUNCTION, on_connected);
	SET(CURLOPT_PREREQDATA, x);
}

static int prepare_headers(struct http_exchange *x, const struct transport_request *rq,
                           int64_t now_wall_ms, struct err_text *why)
{
	struct http_headers headers;

	int r = http_headers_build(&headers, rq, now_wall_ms, why);
	if (r == 0) {
		x->headers = http_headers_to_curl(&headers);
		x->request_headers = http_headers_to_json(&headers);
	}
	http_headers_release(&headers);
	return r;
}

int http_exchange_prepare(struct http_exchange *x, const struct transport_request *rq,
                          int64_t now_wall_ms, struct err_text *why)
{
	int r = prepare_url(x, rq, why);

	if (r == 0)
		r = prepare_headers(x, rq, now_wall_ms, why);
	if (r != 0)
		return r;
	x->end_point = mask_url(rq->row->url);
	SET(CURLOPT_CURLU, x->url);
	SET(CURLOPT_HTTPHEADER, x->headers);
	SET(CURLOPT_ACCEPT_ENCODING, "");
	SET(CURLOPT_SHARE, x->share);
	set_method(x, rq);
	set_tls(x, rq->row);
	set_limits(x, rq->row);
	set_callbacks(x);
	return 0;
}
