/*
 * Acknowledged messages a second over MLLP, at the transport's level:
 *
 *	mllp-bench listen                      prints its port; answers AA to everything
 *	mllp-bench transport PORT N WIDTH      our transport, WIDTH messages at once
 *	mllp-bench bare PORT N WIDTH           WIDTH blocking-free sockets and nothing else
 *
 * The latter two print JSON. Everything on loopback.
 */
#include "base/clock.h"
#include "hl7/ack.h"
#include "transport/mllp_frame.h"
#include "transport/transport.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WIDTH_MAX = 100, MESSAGE_SEGMENTS = 20 };

static struct event_base *loop;
static long wanted, begun, ended, failed;

/* About 2 KB, as an order has. */
static char *make_message(int i)
{
	struct buf b = BUF_INIT(0);

	buf_printf(&b,
	           "MSH|^~\\&|LISFLEET|17|P|P|20261121093000||ORM^O01^ORM_O01|bench%015d|P|"
	           "2.5.1\r",
	           i);
	for (int n = 1; n <= MESSAGE_SEGMENTS; n++)
		buf_printf(&b,
		           "OBR|%d|ORD-1|44^LISFLEET|58410-2^Complete Blood Count^LN|||"
		           "20261121093000+0530||||||||||||||||||F\r",
		           n);
	return buf_take(&b);
}

static void print_result(int64_t began_us)
{
	double seconds = (double)(clock_mono_us() - began_us) / 1e6;
	struct rusage use;

	(void)getrusage(RUSAGE_SELF, &use);
	double cpu = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
	             (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6;
	(void)printf("{\"per_second\": %.0f, \"cpu_s_per_1000\": %.4f, \"failed\": %ld}\n",
	             (double)ended / seconds, cpu * 1000 / (double)ended, failed);
}

/* ---- our transport ---- */

static struct transport *transport;
static char *messages[WIDTH_MAX];
static struct integration row;
static struct task task;

static void send_next(char *message);

static void on_done(const struct transport_result *r, void *arg)
{
	failed += r->verdict != TRANSPORT_DELIVERED;
	if (++ended == wanted)
		(void)event_base_loopbreak(loop);
	else
		send_next(arg);
}

static void send_next(char *message)
{
	const struct transport_request rq = {
		.row = &row, .task = &task, .body = message, .body_len = strlen(message)
	};
	struct err_text why;

	if (begun == wanted)
		return;
	begun++;
	if (transport_mllp.send(transport, &rq, on_done, message, &why) != 0) {
		(void)fprintf(stderr, "%s\n", why.text);
		exit(1);
	}
}

static void run_transport(int port, int width)
{
	static char host[] = "127.0.0.1", end_point[] = "mllp://127.0.0.1",
		    allow[] = "127.0.0.0/8";
	static struct transport_config config = {
		.connect_timeout = 5000,
		.response_limit = 1 << 20,
		.allow_private = allow,
	};
	struct err_text why;

	row = (struct integration){ .host = host,
		                    .port = port,
		                    .end_point = end_point,
		                    .timeout_ms = 30000,
		                    .ack_timeout_ms = 30000,
		                    .max_concurrency = width };
	if (transport_mllp.open(&transport, &config, loop, &why) != 0)
		exit(1);
	int64_t began_us = clock_mono_us();
	for (int i = 0; i < width; i++)
		send_next(messages[i]);
	(void)event_base_dispatch(loop);
	print_result(began_us);
	transport = transport_mllp.close(transport);
}

/* ---- sockets alone ---- */

struct bare {
	int fd;
	char *frame;
	size_t len;
	struct event *readable;
};

static void write_frame(struct bare *b)
{
	if (begun++ < wanted && write(b->fd, b->frame, b->len) != (ssize_t)b->len)
		exit(1);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	char answer[4096];
	ssize_t n = read(fd, answer, sizeof(answer));

	if (n <= 0)
		exit(1);
	if (!memchr(answer, MLLP_FS, (size_t)n))
		return;
	if (++ended == wanted)
		(void)event_base_loopbreak(loop);
	else
		write_frame(arg);
}

static void run_bare(int port, int width)
{
	static struct bare sockets[WIDTH_MAX];
	struct sockaddr_in in = { .sin_family = AF_INET,
		                  .sin_port = htons((uint16_t)port) };
	static const int on = 1;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int64_t began_us = clock_mono_us();
	for (int i = 0; i < width; i++) {
		struct bare *b = &sockets[i];

		b->fd = socket(AF_INET, SOCK_STREAM, 0);
		if (connect(b->fd, (struct sockaddr *)&in, sizeof(in)) != 0)
			exit(1);
		(void)setsockopt(b->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		b->frame = xasprintf("%c%s%c%c", MLLP_VT, messages[i], MLLP_FS, MLLP_CR);
		b->len = strlen(b->frame);
		b->readable = event_new(loop, b->fd, EV_READ | EV_PERSIST, on_readable, b);
		(void)event_add(b->readable, NULL);
		write_frame(b);
	}
	(void)event_base_dispatch(loop);
	print_result(began_us);
}

/* ---- the listener ---- */

static void on_message(struct bufferevent *peer, const struct buf *message)
{
	const char *id;
	size_t len;

	if (hl7_control_id(buf_str(message), message->len, &id, &len))
		(void)evbuffer_add_printf(bufferevent_get_output(peer),
		                          "%cMSH|^~\\&|P|P|LISFLEET|17|20261121||ACK|1|P|2."
		                          "5.1\rMSA|AA|%.*s\r%c%c",
		                          MLLP_VT, (int)len, id, MLLP_FS, MLLP_CR);
}

static void on_peer(struct bufferevent *peer, void *arg)
{
	struct evbuffer *input = bufferevent_get_input(peer);
	struct mllp_frame *frame = arg;
	size_t n;

	while ((n = evbuffer_get_contiguous_space(input)) > 0) {
		bool whole;
		size_t used = mllp_frame_take(
			frame, (const char *)evbuffer_pullup(input, (ev_ssize_t)n), n,
			&whole);

		if (whole)
			on_message(peer, &frame->message);
		(void)evbuffer_drain(input, used);
	}
}

static void on_gone(struct bufferevent *peer, short what, void *arg)
{
	mllp_frame_deinit(arg);
	free(arg);
	bufferevent_free(peer);
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd,
                      struct sockaddr *from, int len, void *arg)
{
	struct bufferevent *peer = bufferevent_socket_new(loop, fd, BEV_OPT_CLOSE_ON_FREE);
	struct mllp_frame *frame = xcalloc(1, sizeof(*frame));

	mllp_frame_init(frame, 1 << 20);
	bufferevent_setcb(peer, on_peer, NULL, on_gone, frame);
	(void)bufferevent_enable(peer, EV_READ | EV_WRITE);
}

static void run_listener(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	socklen_t len = sizeof(in);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	struct evconnlistener *listener =
		evconnlistener_new_bind(loop, on_accept, NULL, LEV_OPT_CLOSE_ON_FREE, 128,
	                                (struct sockaddr *)&in, sizeof(in));
	if (!listener ||
	    getsockname(evconnlistener_get_fd(listener), (struct sockaddr *)&in, &len) != 0)
		exit(1);
	(void)printf("%d\n", ntohs(in.sin_port));
	(void)fflush(stdout);
	(void)event_base_dispatch(loop);
}

int main(int argc, char **argv)
{
	loop = event_base_new();
	if (argc == 2 && strcmp(argv[1], "listen") == 0) {
		run_listener();
		return 0;
	}
	int width = argc == 5 ? atoi(argv[4]) : 0;
	if (width < 1 || width > WIDTH_MAX) {
		(void)fprintf(stderr, "mllp-bench listen | transport|bare PORT N WIDTH\n");
		return 2;
	}
	wanted = atol(argv[3]);
	for (int i = 0; i < width; i++)
		messages[i] = make_message(i);
	if (strcmp(argv[1], "transport") == 0)
		run_transport(atoi(argv[2]), width);
	else
		run_bare(atoi(argv[2]), width);
	return failed > 0;
}
