/*
 * The MLLP transport against a small server of its own (mllp_server.h), on loopback: every
 * way in which a peer can misbehave, one row a case, and what becomes of the connection.
 */
#include "unit.h"

#include "base/clock.h"
#include "mllp_server.h"
#include "transport/transport.h"

#include <event2/event.h>

enum { ACK_MS = 250, RESPONSE_LIMIT = 100000 };

struct kept {
	bool done;
	enum error_kind kind;
	enum transport_verdict verdict;
	char error[256], fusion_log[64];
	bool sent_to_mirth;
	size_t body_len;
	bool cut;
	int64_t took_ms;
	struct transport_timing timing;
};

struct fixture {
	struct transport_config config;
	struct event_base *loop;
	struct transport *transport;
	struct integration row;
	struct task task;
};

static void keep(const struct transport_result *r, void *arg)
{
	struct kept *k = arg;

	assert_false(k->done); /* exactly once */
	k->done = true;
	k->kind = r->kind;
	k->verdict = r->verdict;
	(void)snprintf(k->error, sizeof(k->error), "%s", r->error);
	k->sent_to_mirth = r->mirth->sent;
	(void)snprintf(k->fusion_log, sizeof(k->fusion_log), "%s",
	               r->mirth->fusion_log ? r->mirth->fusion_log : "");
	assert_string_equal(r->mirth->stage, "LIVEHEALTHAPI");
	assert_int_equal(r->status_code, 0);
	k->body_len = r->body_len;
	k->cut = r->body_cut;
	k->timing = r->timing;
}

static void open_behind(struct fixture *f, const char *allow, char *proxy)
{
	struct err_text why;

	*f = (struct fixture){
		.config = { .connect_timeout = 300, .response_limit = RESPONSE_LIMIT },
		.row = { .timeout_ms = 600,
		         .ack_timeout_ms = ACK_MS,
		         .max_concurrency = 10,
		         .port = port },
	};
	f->config.allow_private = xstrdup(allow);
	f->config.egress_proxy = proxy;
	f->row.host = xstrdup("127.0.0.1");
	f->row.end_point = xstrdup("mllp://127.0.0.1");
	f->loop = event_base_new();
	assert_int_equal(transport_mllp.open(&f->transport, &f->config, f->loop, &why), 0);
}

static void open_fixture(struct fixture *f, const char *allow)
{
	open_behind(f, allow, NULL);
}

static void close_fixture(struct fixture *f)
{
	assert_null(transport_mllp.close(f->transport));
	event_base_free(f->loop);
	free(f->config.allow_private);
	free(f->config.egress_proxy);
	free(f->row.host);
	free(f->row.end_point);
}

static void set_host(struct fixture *f, const char *host, int at)
{
	free(f->row.host);
	f->row.host = xstrdup(host);
	f->row.port = at;
}

static char *message_of(const char *id)
{
	return xasprintf("MSH|^~\\&|L|17|P|P|20261121||ADT^A04^ADT_A01|%s|P|2.5.1\rPID|1\r",
	                 id);
}

static void run_until(struct fixture *f, const bool *done)
{
	int64_t end = clock_mono_ms() + 5000;

	while (!*done && clock_mono_ms() < end)
		(void)event_base_loop(f->loop, EVLOOP_ONCE);
	if (!*done)
		fail_msg("never ended");
}

static void run_for(struct fixture *f, int64_t ms)
{
	int64_t end = clock_mono_ms() + ms;

	while (clock_mono_ms() < end) {
		(void)event_base_loop(f->loop, EVLOOP_NONBLOCK);
		(void)usleep(1000);
	}
}

static void send_message(struct fixture *f, const char *body, struct kept *k)
{
	const struct transport_request rq = {
		.row = &f->row, .task = &f->task, .body = body, .body_len = strlen(body)
	};
	struct err_text why = { .text = "" };

	*k = (struct kept){ .done = false };
	if (transport_mllp.send(f->transport, &rq, keep, k, &why) != 0)
		fail_msg("refused: %s", why.text);
	assert_false(k->done); /* never from inside send() */
}

static void send_and_wait(struct fixture *f, const char *id, struct kept *k)
{
	CLEANUP(freep) char *body = message_of(id);
	int64_t start = clock_mono_ms();

	send_message(f, body, k);
	run_until(f, &k->done);
	k->took_ms = clock_mono_ms() - start;
}

static unsigned connections(void)
{
	(void)pthread_mutex_lock(&lock);
	unsigned n = n_connections;
	(void)pthread_mutex_unlock(&lock);
	return n;
}

static void every_answer_has_its_meaning(void **state)
{
	static const struct {
		const char *id;
		enum error_kind kind;
		const char *error; /* has this in it */
		bool keeps;        /* the connection */
	} cases[] = {
		{ "AA-1", ERROR_KIND_NONE, "", true },
		{ "CA-1", ERROR_KIND_NONE, "", true },
		{ "AE-1", ERROR_KIND_NACK, "said", true },
		{ "CE-1", ERROR_KIND_NACK, "said", true },
		{ "AR-1", ERROR_KIND_NACK, "said", true },
		{ "CR-1", ERROR_KIND_NACK, "said", true },
		{ "split", ERROR_KIND_NONE, "", true },
		{ "other-then-ours", ERROR_KIND_NONE, "", true },
		{ "event-then-ours", ERROR_KIND_NONE, "", true },
		{ "big", ERROR_KIND_NONE, "", false },
		{ "XX-1", ERROR_KIND_RESPONSE, "no code", false },
		{ "garbage", ERROR_KIND_RESPONSE, "no HL7", false },
		{ "noise", ERROR_KIND_TIMEOUT, "No response", false },
		{ "silent", ERROR_KIND_TIMEOUT, "No response", false },
		{ "late", ERROR_KIND_TIMEOUT, "No response", false },
		{ "other", ERROR_KIND_TIMEOUT, "No response: ACK control id mismatch",
		  false },
		{ "nothing", ERROR_KIND_RESPONSE, "The connection ended", false },
		{ "half", ERROR_KIND_RESPONSE, "The connection ended", false },
		{ "reset", ERROR_KIND_RESPONSE, "The connection broke", false },
	};
	struct fixture f;
	struct kept k;

	open_fixture(&f, "127.0.0.0/8");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		send_and_wait(&f, "AA-before", &k);
		run_for(&f, 150); /* it is proved */
		unsigned before = connections();

		send_and_wait(&f, cases[i].id, &k);
		bool accepted = cases[i].kind == ERROR_KIND_NONE;
		bool acknowledged = accepted || cases[i].kind == ERROR_KIND_NACK;
		if (k.kind != cases[i].kind || !strstr(k.error, cases[i].error))
			fail_msg("%s: kind %s error %s", cases[i].id,
			         error_kind_word(k.kind), k.error);
		assert_int_equal(k.sent_to_mirth, accepted);
		assert_string_equal(k.fusion_log, accepted ? "Sent to Mirth"
		                                  : acknowledged
		                                          ? ""
		                                          : "Failed at Livehealthapp");
		if (accepted)
			assert_int_equal(k.verdict, TRANSPORT_DELIVERED);
		assert_int_equal(k.body_len > 0, acknowledged);
		assert_int_equal(k.cut, strcmp(cases[i].id, "big") == 0);
		assert_in_range(k.body_len, 0, RESPONSE_LIMIT);
		if (k.kind == ERROR_KIND_TIMEOUT)
			assert_in_range(k.took_ms, ACK_MS - 20, 5000);
		assert_int_equal(connections(), before); /* it was sent on the kept one */
		send_and_wait(&f, "AA-after", &k);
		assert_int_equal(k.kind, ERROR_KIND_NONE);
		if ((connections() == before) != cases[i].keeps)
			fail_msg("%s: the connection was %s", cases[i].id,
			         cases[i].keeps ? "closed" : "kept");
	}
	close_fixture(&f);
}

static void ways_not_to_get_there_have_their_kind(void **state)
{
	const struct {
		const char *host;
		int at;
		enum error_kind kind;
		const char *error;
	} cases[] = {
		{ "127.0.0.1", closed_port, ERROR_KIND_CONNECT, "Could not connect" },
		{ "127.0.0.1", full_port, ERROR_KIND_TIMEOUT,
		  "Session.connect: SocketTimeoutException" },
		{ "no-such-host.invalid", port, ERROR_KIND_DNS, "Could not resolve" },
		{ "10.0.0.1", port, ERROR_KIND_BLOCKED, "10.0.0.1" },
		{ "::ffff:10.0.0.1", port, ERROR_KIND_BLOCKED, "not public" },
		{ "169.254.169.254", port, ERROR_KIND_BLOCKED, "not public" },
		{ "167772161", port, ERROR_KIND_BLOCKED, "10.0.0.1" },
		{ "0xa9fea9fe", port, ERROR_KIND_BLOCKED, "169.254.169.254" },
		{ "012.0.0.1", port, ERROR_KIND_BLOCKED, "10.0.0.1" },
	};
	struct fixture f;

	open_fixture(&f, "127.0.0.0/8");
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct kept k;

		set_host(&f, cases[i].host, cases[i].at);
		send_and_wait(&f, "AA-1", &k);
		if (k.kind != cases[i].kind || !strstr(k.error, cases[i].error))
			fail_msg("%s: kind %s error %s", cases[i].host,
			         error_kind_word(k.kind), k.error);
		assert_string_equal(k.fusion_log, "Failed at Livehealthapp");
		assert_false(k.sent_to_mirth);
	}
	close_fixture(&f);
}

static void loopback_is_refused_unless_it_is_listed(void **state)
{
	struct fixture f;
	struct kept k;

	open_fixture(&f, "");
	send_and_wait(&f, "AA-1", &k);
	assert_int_equal(k.kind, ERROR_KIND_BLOCKED);
	set_host(&f, "localhost", port);
	send_and_wait(&f, "AA-1", &k);
	assert_int_equal(k.kind, ERROR_KIND_BLOCKED);
	close_fixture(&f);
}

static void what_cannot_be_sent_is_refused_at_once(void **state)
{
	static const struct {
		const char *body, *word;
		bool without_host, proxy;
	} cases[] = {
		{ .body = "{\"webhookId\":1}", .word = "template_text" },
		{ .body = "MSH|^~\\&|L\rPID|1\r", .word = "MSH-10" },
		{ .body = "MSH|^~\\&|L|17|P|P|1||ADT|id|P|2.5.1\rPID|\x1c\r",
		  .word = "control characters" },
		{ .body = "MSH|^~\\&|L|17|P|P|1||ADT|id|P|2.5.1\r",
		  .word = "host and port",
		  .without_host = true },
		{ .body = "MSH|^~\\&|L|17|P|P|1||ADT|id|P|2.5.1\r",
		  .word = "http:// only",
		  .proxy = true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f;
		struct err_text why;

		open_behind(&f, "127.0.0.0/8",
		            cases[i].proxy ? xstrdup("socks5://127.0.0.1:1") : NULL);
		const struct transport_request rq = { .row = &f.row,
			                              .task = &f.task,
			                              .body = cases[i].body,
			                              .body_len = strlen(cases[i].body) };
		if (cases[i].without_host)
			f.row.port = 0;
		assert_int_equal(transport_mllp.send(f.transport, &rq, keep, NULL, &why),
		                 TRANSPORT_E_CONFIG);
		if (!strstr(why.text, cases[i].word))
			fail_msg("%s: %s", cases[i].word, why.text);
		close_fixture(&f);
	}
}

static void messages_follow_each_other_on_one_connection(void **state)
{
	struct fixture f;
	struct kept k;

	open_fixture(&f, "127.0.0.0/8");
	unsigned before = connections();
	for (int i = 0; i < 20; i++) {
		send_and_wait(&f, "AA-1", &k);
		assert_int_equal(k.kind, ERROR_KIND_NONE);
	}
	assert_int_equal(connections(), before + 1);
	assert_int_equal(k.timing.connect_us, 0); /* the first message's */
	assert_true(k.timing.exchange_us > 0);
	close_fixture(&f);
}

/* What one peer gets at once is as many messages as the row says, one a connection. */
static void connections_are_as_many_as_the_row_says(void **state)
{
	enum { MESSAGES = 12 };
	CLEANUP(freep) char *body = message_of("slow-1");
	struct kept kept[MESSAGES];
	struct fixture f;

	open_fixture(&f, "127.0.0.0/8");
	f.row.max_concurrency = 3;
	f.row.ack_timeout_ms = 3000;
	unsigned before = connections();
	(void)pthread_mutex_lock(&lock);
	most_at_once = 0;
	(void)pthread_mutex_unlock(&lock);
	for (int i = 0; i < MESSAGES; i++)
		send_message(&f, body, &kept[i]);
	for (int i = 0; i < MESSAGES; i++) {
		run_until(&f, &kept[i].done);
		assert_int_equal(kept[i].kind, ERROR_KIND_NONE);
	}
	assert_int_equal(connections(), before + 3);
	assert_int_equal(most_at_once, 3);
	close_fixture(&f);
}

/* MLLP has no word for it; a message that crosses the closing would be lost. */
static void a_peer_that_closes_after_each_answer_loses_nothing(void **state)
{
	enum { MESSAGES = 10 };
	CLEANUP(freep) char *body = message_of("last-1");
	struct kept kept[MESSAGES];
	struct fixture f;

	open_fixture(&f, "127.0.0.0/8");
	f.row.max_concurrency = 2;
	f.row.ack_timeout_ms = 3000;
	unsigned before = connections();
	for (int i = 0; i < MESSAGES; i++)
		send_message(&f, body, &kept[i]);
	for (int i = 0; i < MESSAGES; i++) {
		run_until(&f, &kept[i].done);
		assert_int_equal(kept[i].kind, ERROR_KIND_NONE);
	}
	assert_int_equal(connections(), before + MESSAGES);
	close_fixture(&f);
}

static void a_connection_that_died_at_rest_fails_no_message(void **state)
{
	struct fixture f;
	struct kept k;

	for (int seen = 0; seen < 2; seen++) {
		open_fixture(&f, "127.0.0.0/8");
		send_and_wait(&f, "AA-1", &k);
		run_for(&f, 150);
		send_and_wait(&f, "soon-gone", &k);
		/* with and without the loop having been told */
		if (seen)
			run_for(&f, 400);
		else
			(void)usleep(400 * 1000);
		unsigned before = connections();
		send_and_wait(&f, "AA-2", &k);
		assert_int_equal(k.kind, ERROR_KIND_NONE);
		assert_int_equal(connections(), before + 1);
		close_fixture(&f);
	}
}

static void one_task_is_one_request(void **state)
{
	struct fixture f;
	struct kept k;

	open_fixture(&f, "127.0.0.0/8");
	send_and_wait(&f, "AA-1", &k);
	run_for(&f, 150);
	unsigned before = n_messages;
	/* The kept connection dies after it took the message: it may have been processed.
	 */
	send_and_wait(&f, "nothing", &k);
	assert_int_equal(k.kind, ERROR_KIND_RESPONSE);
	send_and_wait(&f, "AA-2", &k);
	assert_int_equal(n_messages, before + 2);
	close_fixture(&f);
}

static void a_downstream_is_awaited_if_the_row_says_so(void **state)
{
	struct fixture f;
	struct kept k;

	open_fixture(&f, "127.0.0.0/8");
	f.row.ack_await_downstream = true;
	send_and_wait(&f, "AA-1", &k);
	assert_int_equal(k.verdict, TRANSPORT_ACCEPTED);
	assert_true(k.sent_to_mirth);
	f.task.triggered_by_py3 = true;
	send_and_wait(&f, "silent", &k);
	assert_string_equal(k.fusion_log, "Failed at Crelio-app");
	close_fixture(&f);
}

/* The proxy looks the name up and guards; nothing is said of an address here. */
static void messages_pass_the_egress_proxy(void **state)
{
	struct fixture f;
	struct kept k;

	open_behind(&f, "", xasprintf("http://u:p%%40@127.0.0.1:%d", port));
	unsigned before = connections();
	set_host(&f, "peer.invalid", 6661);
	for (int i = 0; i < 3; i++) {
		send_and_wait(&f, "AA-1", &k);
		assert_int_equal(k.kind, ERROR_KIND_NONE);
	}
	assert_int_equal(connections(), before + 1);
	assert_non_null(strstr(connect_request, "\r\nHost: peer.invalid:6661\r\n"));
	assert_non_null(strstr(connect_request, "Proxy-Authorization: Basic dTpwQA==\r\n"));
	set_host(&f, "other.invalid", 6661);
	send_and_wait(&f, "AA-1", &k);
	assert_int_equal(k.kind, ERROR_KIND_CONNECT);
	assert_string_equal(k.error, "The proxy refused: HTTP 403");
	close_fixture(&f);
}

static void a_proxy_that_is_none_has_its_kind(void **state)
{
	const struct {
		int at;
		enum error_kind kind;
	} cases[] = {
		{ closed_port, ERROR_KIND_CONNECT },
		{ full_port, ERROR_KIND_TIMEOUT },
		{ silent_port, ERROR_KIND_TIMEOUT },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f;
		struct kept k;

		open_behind(&f, "", xasprintf("http://127.0.0.1:%d", cases[i].at));
		send_and_wait(&f, "AA-1", &k);
		assert_int_equal(k.kind, cases[i].kind);
		close_fixture(&f);
	}
}

static void closing_drops_what_is_in_flight(void **state)
{
	CLEANUP(freep) char *body = message_of("silent");
	struct kept kept[3];
	struct fixture f;

	open_fixture(&f, "127.0.0.0/8");
	f.row.max_concurrency = 2;
	for (int i = 0; i < 3; i++)
		send_message(&f, body, &kept[i]);
	run_for(&f, 30);
	close_fixture(&f);
	for (int i = 0; i < 3; i++)
		assert_false(kept[i].done);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_has_its_meaning),
		cmocka_unit_test(ways_not_to_get_there_have_their_kind),
		cmocka_unit_test(loopback_is_refused_unless_it_is_listed),
		cmocka_unit_test(what_cannot_be_sent_is_refused_at_once),
		cmocka_unit_test(messages_follow_each_other_on_one_connection),
		cmocka_unit_test(connections_are_as_many_as_the_row_says),
		cmocka_unit_test(a_peer_that_closes_after_each_answer_loses_nothing),
		cmocka_unit_test(a_connection_that_died_at_rest_fails_no_message),
		cmocka_unit_test(one_task_is_one_request),
		cmocka_unit_test(a_downstream_is_awaited_if_the_row_says_so),
		cmocka_unit_test(messages_pass_the_egress_proxy),
		cmocka_unit_test(a_proxy_that_is_none_has_its_kind),
		cmocka_unit_test(closing_drops_what_is_in_flight),
	};

	return cmocka_run_group_tests(tests, start_server, NULL);
}
