/*
 * Callers of an HTTP server, for measuring what stands in front of it: C kept connections,
 *each with one request at a time, N requests in all, at RATE a second (0: as fast as they
 *are answered). Prints requests/s and the latency's median, 99th percentile and maximum in
 *ms. It parses next to nothing, so that it takes little of the CPU that it shares.
 *
 *	cc -O2 -o http-load http-load.c && ./http-load PORT PATH N C RATE
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct caller {
	int fd;
	double began;
	size_t got, want; /* of the answer; want 0: its head is not complete */
	char head[4096];
};

static char request[1024];
static size_t request_len;
static double *latencies;
static long answered, failed;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void connect_caller(struct caller *c, int port, int epoll)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		                        .sin_port = htons((uint16_t)port),
		                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&to, sizeof(to)))
		die("connect");
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event))
		die("epoll_ctl");
}

static void ask(struct caller *c)
{
	c->got = c->want = 0;
	c->began = now();
	if (send(c->fd, request, request_len, MSG_NOSIGNAL) != (ssize_t)request_len)
		die("send");
}

/* True when the answer is complete: it has a content-length. */
static int take(struct caller *c)
{
	ssize_t n = recv(c->fd, c->head + c->got, sizeof(c->head) - 1 - c->got, 0);

	if (n <= 0)
		die("recv");
	c->got += (size_t)n;
	c->head[c->got] = '\0';
	if (!c->want) {
		const char *end = strstr(c->head, "\r\n\r\n");
		const char *length = strcasestr(c->head, "content-length:");

		if (!end || !length)
			return 0;
		c->want = (size_t)(end + 4 - c->head) + strtoul(length + 15, NULL, 10);
		failed += strncmp(c->head + 9, "200", 3) != 0;
	}
	return c->got >= c->want;
}

static void report(double seconds)
{
	qsort(latencies, (size_t)answered, sizeof(*latencies), by_value);
	printf("%.0f %.3f %.3f %.3f %ld\n", (double)answered / seconds,
	       latencies[answered / 2] * 1e3, latencies[answered * 99 / 100] * 1e3,
	       latencies[answered - 1] * 1e3, failed);
}

int main(int argc, char **argv)
{
	if (argc != 6)
		return 64;
	long n = atol(argv[3]), asked = 0;
	int n_callers = atoi(argv[4]), epoll = epoll_create1(0), n_idle = n_callers;
	double rate = atof(argv[5]);
	struct caller *callers = calloc((size_t)n_callers, sizeof(*callers));
	struct caller **idle = calloc((size_t)n_callers, sizeof(struct caller *));
	struct epoll_event events[64];

	request_len = (size_t)snprintf(request, sizeof(request),
	                               "POST %s HTTP/1.1\r\nHost: lis\r\nContent-Type: "
	                               "application/json\r\nContent-Length: 15\r\n\r\n"
	                               "{\"billId\": 4711",
	                               argv[2]);
	latencies = calloc((size_t)n, sizeof(*latencies));
	for (int i = 0; i < n_callers; i++) {
		connect_caller(&callers[i], atoi(argv[1]), epoll);
		idle[i] = &callers[i];
	}
	double began = now();
	while (answered < n) {
		double due = rate > 0 ? (now() - began) * rate : (double)n;

		while (n_idle > 0 && asked < n && (double)asked < due) {
			ask(idle[--n_idle]);
			asked++;
		}
		int count = epoll_wait(epoll, events, 64, rate > 0 ? 1 : 1000);
		for (int i = 0; i < count; i++) {
			struct caller *c = events[i].data.ptr;

			if (!take(c))
				continue;
			latencies[answered++] = now() - c->began;
			idle[n_idle++] = c;
		}
	}
	report(now() - began);
	return 0;
}
