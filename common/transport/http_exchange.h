#pragma once
/* One HTTP request and its answer on a curl easy handle; private to transport/http*.c. */
#include "transport/address_guard.h"
#include "transport/http_headers.h"

#include <curl/curl.h>
#include <sys/queue.h>

struct http_exchange {
	CURL *easy; /* kept for the next request */
	TAILQ_ENTRY(http_exchange) link;
	/* of the transport */
	const struct transport_config *config;
	const struct address_guard *guard; /* NULL: the proxy guards */
	CURLSH *share;
	curl_closesocket_callback on_close; /* of any connection, with `owner` */
	void *owner;

	/* of this request */
	transport_done_fn done;
	void *arg;
	CURLU *url;
	struct curl_slist *headers;
	json_t *request_headers;
	char *end_point;
	struct content content; /* the body, when it has documents */
	struct content_place place;
	bool unreadable; /* a document's bytes could not be read back */
	char error[CURL_ERROR_SIZE];

	/* how far it came */
	bool blocked; /* the guard refused an address; `address` says which */
	char address[ADDRESS_TEXT_SIZE];
	curl_socket_t socket; /* the last one opened; CURL_SOCKET_BAD: none of its own */
	bool reached;         /* that socket was connected when it was closed */
	unsigned connected;   /* times a connection was ready for the request */

	/* the answer */
	json_t *response_headers;
	size_t headers_len;
	char *retry_after;
	struct buf body;
};

struct http_exchange *http_exchange_new(const struct transport_config *config);
struct http_exchange *http_exchange_free(struct http_exchange *x);

/* Sets the handle up for this request. TRANSPORT_E_CONFIG: it cannot be sent. */
int http_exchange_prepare(struct http_exchange *x, const struct transport_request *rq,
                          int64_t now_wall_ms, struct err_text *why) MUST_CHECK;
void http_exchange_clear(struct http_exchange *x); /* ready for the next prepare */

/* What came of it; the texts live until http_exchange_clear. `text` backs result.error. */
void http_exchange_result(struct http_exchange *x, CURLcode code,
                          struct transport_result *out, struct err_text *text);
