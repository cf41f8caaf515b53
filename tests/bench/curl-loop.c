/*
 * The limit that the dispatcher is measured against: nothing but a libcurl multi loop, N
 *POSTs of one body to one url over C kept connections. Prints requests/s and CPU seconds
 *per 1,000.
 *
 *	cc -O2 -o curl-loop curl-loop.c -lcurl && ./curl-loop URL N C BODY
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static size_t ignore(char *data, size_t size, size_t n, void *arg)
{
	(void)data;
	(void)arg;
	return size * n;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static CURL *new_request(const char *url, const char *body, struct curl_slist *headers)
{
	CURL *easy = curl_easy_init();

	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	return easy;
}

/* Each finished request starts the next, until `total` are started. Returns the failures.
 */
static int run(CURLM *multi, int total, int concurrency)
{
	int started = concurrency, finished = 0, failed = 0, running, queued;

	while (finished < total) {
		curl_multi_perform(multi, &running);
		for (CURLMsg *m; (m = curl_multi_info_read(multi, &queued));) {
			CURL *easy = m->easy_handle;

			finished++;
			failed += m->data.result != CURLE_OK;
			curl_multi_remove_handle(multi, easy);
			if (started < total) {
				curl_multi_add_handle(multi, easy);
				started++;
			}
		}
		curl_multi_poll(multi, NULL, 0, 1000, NULL);
	}
	return failed;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		fprintf(stderr, "usage: %s URL N CONCURRENCY BODY\n", argv[0]);
		return 2;
	}
	int total = atoi(argv[2]), concurrency = atoi(argv[3]);
	struct curl_slist *headers =
		curl_slist_append(NULL, "content-type: application/json");
	CURLM *multi = curl_multi_init();

	for (int i = 0; i < concurrency; i++)
		curl_multi_add_handle(multi, new_request(argv[1], argv[4], headers));
	double wall = now(), used = cpu();
	int failed = run(multi, total, concurrency);

	printf("{\"per_second\": %.0f, \"cpu_s_per_1000\": %.4f, \"failed\": %d}\n",
	       total / (now() - wall), (cpu() - used) * 1000 / total, failed);
	return failed != 0;
}
