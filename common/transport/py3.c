#include "transport/py3.h"

#include <errno.h>
#include <stdio.h>

#include <curl/curl.h>

#define PATH               "/api-v3/integration/retry-integration/"
#define CONNECT_TIMEOUT_MS 2000L

#define FIELD(name) offsetof(struct py3_config, name)

const struct config_key py3_config_keys[] = {
	{ .name = "PY3_RETRY_URL",
	  .type = CONFIG_URL,
	  .offset = FIELD(url),
	  .help = "Base of the application that retries the logs with triggered_by_py3; "
	          "without it they are left alone." },
	{ .name = "INTERNAL_TOKEN",
	  .type = CONFIG_STRING,
	  .offset = FIELD(token),
	  .max = 512,
	  .flags = CONFIG_SECRET,
	  .help = "Presented to PY3_RETRY_URL as x-internal-token." },
	CONFIG_END,
};

int py3_config_check(const struct py3_config *config, FILE *errors)
{
	if (!*config->url || *config->token)
		return 0;
	(void)fputs("INTERNAL_TOKEN: missing; PY3_RETRY_URL needs it\n", errors);
	return 1;
}

struct py3 {
	CURL *curl; /* keeps its connection from one request to the next */
	struct curl_slist *headers;
	char *url;
};

/* Only the code counts. */
static size_t drop_body(char *data, size_t size, size_t n, void *arg)
{
	return size * n;
}

static void set_options(struct py3 *p)
{
	(void)curl_easy_setopt(p->curl, CURLOPT_URL, p->url);
	(void)curl_easy_setopt(p->curl, CURLOPT_HTTPHEADER, p->headers);
	(void)curl_easy_setopt(p->curl, CURLOPT_POST, 1L);
	(void)curl_easy_setopt(p->curl, CURLOPT_WRITEFUNCTION, drop_body);
	(void)curl_easy_setopt(p->curl, CURLOPT_TIMEOUT_MS, (long)PY3_TIMEOUT_MS);
	(void)curl_easy_setopt(p->curl, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	(void)curl_easy_setopt(p->curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(p->curl, CURLOPT_PROXY, "");
	(void)curl_easy_setopt(p->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(p->curl, CURLOPT_USERAGENT, "integration-fleet");
}

int py3_open(const char *url, const char *token, struct py3 **out, struct err_text *why)
{
	CLEANUP(freep) char *token_header = xasprintf("x-internal-token: %s", token);
	size_t len = strlen(url);
	struct py3 *p = xcalloc(1, sizeof(*p));

	while (len > 0 && url[len - 1] == '/')
		len--;
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
	p->url = xasprintf("%.*s" PATH, (int)len, url);
	p->headers = curl_slist_append(NULL, "content-type: application/json");
	p->headers = curl_slist_append(p->headers, token_header);
	p->curl = curl_easy_init();
	if (!p->curl) {
		(void)py3_close(p);
		return err_say(why, -ENOMEM, "libcurl cannot be used");
	}
	set_options(p);
	*out = p;
	return 0;
}

struct py3 *py3_close(struct py3 *p)
{
	if (p) {
		curl_easy_cleanup(p->curl);
		curl_slist_free_all(p->headers);
		free(p->url);
		free(p);
	}
	return NULL;
}

int py3_post(struct py3 *p, const char *body, struct err_text *why)
{
	long code = 0;

	(void)curl_easy_setopt(p->curl, CURLOPT_POSTFIELDS, body);

	CURLcode result = curl_easy_perform(p->curl);

	if (result != CURLE_OK)
		return err_say(why, PY3_E_AWAY, "%s", curl_easy_strerror(result));
	(void)curl_easy_getinfo(p->curl, CURLINFO_RESPONSE_CODE, &code);
	if (code >= 200 && code < 300)
		return 0;
	return err_say(why, code >= 500 || code == 429 ? PY3_E_AWAY : PY3_E_REFUSED,
	               "answered %ld", code);
}
