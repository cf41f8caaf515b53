/* What curl's codes mean for a log: error_kind and error_message (contract, "Logs"). */
#include "transport/http_exchange.h"

#include <errno.h>

static long info_long(CURL *easy, CURLINFO what)
{
	long value = 0;

	(void)curl_easy_getinfo(easy, what, &value);
	return value;
}

static int64_t info_us(CURL *easy, CURLINFO what)
{
	curl_off_t value = 0;

	(void)curl_easy_getinfo(easy, what, &value);
	return value;
}

static int64_t phase(int64_t from, int64_t to)
{
	return to > from ? to - from : 0;
}

/* curl counts each point from the start; a phase that did not happen is 0. */
static void read_timing(CURL *easy, struct transport_timing *out)
{
	int64_t looked_up = info_us(easy, CURLINFO_NAMELOOKUP_TIME_T);
	int64_t connected = info_us(easy, CURLINFO_CONNECT_TIME_T);
	int64_t secured = info_us(easy, CURLINFO_APPCONNECT_TIME_T);
	int64_t ready = info_us(easy, CURLINFO_PRETRANSFER_TIME_T);

	*out = (struct transport_timing){
		.dns_us = looked_up,
		.connect_us = phase(looked_up, connected),
		.tls_us = secured > 0 ? phase(connected, secured) : 0,
		.total_us = info_us(easy, CURLINFO_TOTAL_TIME_T),
	};
	out->exchange_us = ready > 0 ? phase(ready, out->total_us) : 0;
}

static const struct {
	CURLcode code;
	enum error_kind kind;
	const char *words; /* before curl's own */
} failures[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, ERROR_KIND_DNS, "Could not resolve the host name" },
	{ CURLE_COULDNT_RESOLVE_PROXY, ERROR_KIND_DNS,
	  "Could not resolve the proxy's name" },
	{ CURLE_COULDNT_CONNECT, ERROR_KIND_CONNECT, "Could not connect" },
	{ CURLE_PROXY, ERROR_KIND_CONNECT, "The proxy refused" },
	{ CURLE_SSL_CONNECT_ERROR, ERROR_KIND_TLS, "TLS failed" },
	{ CURLE_PEER_FAILED_VERIFICATION, ERROR_KIND_TLS, "TLS: not trusted" },
	{ CURLE_SSL_CERTPROBLEM, ERROR_KIND_CONFIG,
	  "auth.certificate or auth.private_key cannot be used" },
	{ CURLE_SSL_CLIENTCERT, ERROR_KIND_TLS,
	  "TLS: the partner wants a client certificate" },
	{ CURLE_SSL_CIPHER, ERROR_KIND_TLS, "TLS: no common cipher" },
	{ CURLE_SSL_INVALIDCERTSTATUS, ERROR_KIND_TLS, "TLS: not trusted" },
	{ CURLE_SSL_ISSUER_ERROR, ERROR_KIND_TLS, "TLS: not trusted" },
	{ CURLE_SSL_CACERT_BADFILE, ERROR_KIND_CONFIG, "tls.ca: no PEM certificates" },
	{ CURLE_SSL_ENGINE_INITFAILED, ERROR_KIND_TLS, "TLS failed" },
	{ CURLE_URL_MALFORMAT, ERROR_KIND_CONFIG, "url: cannot be used" },
	{ CURLE_UNSUPPORTED_PROTOCOL, ERROR_KIND_RESPONSE, "The answer is not HTTP" },
	{ CURLE_WEIRD_SERVER_REPLY, ERROR_KIND_RESPONSE, "The answer cannot be read" },
	{ CURLE_BAD_CONTENT_ENCODING, ERROR_KIND_RESPONSE,
	  "The answer cannot be unpacked" },
	{ CURLE_GOT_NOTHING, ERROR_KIND_RESPONSE,
	  "The connection ended without an answer" },
	{ CURLE_PARTIAL_FILE, ERROR_KIND_RESPONSE, "The answer broke off" },
	{ CURLE_ABORTED_BY_CALLBACK, ERROR_KIND_RESPONSE,
	  "The connection ended without an answer" },
	{ CURLE_SEND_ERROR, ERROR_KIND_RESPONSE, "The connection broke while sending" },
	{ CURLE_RECV_ERROR, ERROR_KIND_RESPONSE, "The connection broke" },
	{ CURLE_HTTP2, ERROR_KIND_RESPONSE, "The answer broke off" },
	{ CURLE_HTTP2_STREAM, ERROR_KIND_RESPONSE, "The answer broke off" },
};

/* Of a time-out, the phase it hit decides. */
static enum error_kind say_timeout(struct http_exchange *x, struct err_text *text)
{
	bool looked_up = x->socket != CURL_SOCKET_BAD || x->reached || x->connected > 0;

	if (!looked_up) {
		(void)err_say(text, 0, "Could not resolve the host name: timed out");
		return ERROR_KIND_DNS;
	}
	(void)err_say(text, 0, "%s",
	              x->connected > 0 || x->reached ? ERROR_TEXT_NO_RESPONSE
	                                             : ERROR_TEXT_CONNECT_TIMEOUT);
	return ERROR_KIND_TIMEOUT;
}

static enum error_kind say_failure(struct http_exchange *x, CURLcode code,
                                   struct err_text *text)
{
	const char *detail = x->error[0] ? x->error : curl_easy_strerror(code);
	long number = info_long(x->easy, CURLINFO_OS_ERRNO);

	/* curl's text has ports and times in it: alike failures should read alike */
	if (code == CURLE_COULDNT_CONNECT && number > 0)
		detail = strerrordesc_np((int)number);
	for (size_t i = 0; i < ARRAY_SIZE(failures); i++) {
		if (failures[i].code != code)
			continue;
		(void)err_say(text, 0, "%s: %s", failures[i].words, detail);
		return failures[i].kind;
	}
	(void)err_say(text, 0, "%s", detail);
	return x->connected > 0 ? ERROR_KIND_RESPONSE : ERROR_KIND_CONNECT;
}

/*
 * HTTP/2 lets a server answer in full and close the stream before it has read the request's
 * body. libcurl 7.88 then takes the answer in and fails for the rest of the body, with this
 * code and no text of its own; a stream that was reset has one ("... not closed cleanly").
 */
static bool answered_early(const struct http_exchange *x, CURLcode code)
{
	return code == CURLE_HTTP2_STREAM && x->error[0] == '\0' &&
	       info_long(x->easy, CURLINFO_RESPONSE_CODE) >= 200;
}

static enum error_kind judge(struct http_exchange *x, CURLcode code, struct err_text *text)
{
	if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && x->body.truncated) ||
	    answered_early(x, code))
		return ERROR_KIND_NONE;
	if (x->unreadable) {
		(void)err_say(text, 0, "A document could not be read back from the disk");
		return ERROR_KIND_STORAGE;
	}
	if (x->blocked && x->socket == CURL_SOCKET_BAD) {
		(void)err_say(text, 0,
		              "The address %s is not public; ALLOW_PRIVATE_DESTINATIONS "
		              "lists exceptions",
		              x->address);
		return ERROR_KIND_BLOCKED;
	}
	if (code == CURLE_OPERATION_TIMEDOUT ||
	    (code == CURLE_COULDNT_CONNECT &&
	     info_long(x->easy, CURLINFO_OS_ERRNO) == ETIMEDOUT))
		return say_timeout(x, text);
	return say_failure(x, code, text);
}

void http_exchange_result(struct http_exchange *x, CURLcode code,
                          struct transport_result *out, struct err_text *text)
{
	int status_code = (int)info_long(x->easy, CURLINFO_RESPONSE_CODE);

	text->text[0] = '\0';
	*out = (struct transport_result){
		.kind = judge(x, code, text),
		.error = text->text,
		.status_code = status_code,
		.end_point = x->end_point,
		.request_headers = x->request_headers,
		.response_headers = x->response_headers,
		.body = status_code > 0 ? buf_str(&x->body) : NULL,
		.body_len = x->body.len,
		.body_cut = x->body.truncated,
		.retry_after = x->retry_after,
	};
	read_timing(x->easy, &out->timing);
}
