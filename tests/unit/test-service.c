#include "unit.h"

#include "service/service.h"

#include "base/clock.h"
#include "base/err.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Each test runs a tiny service in a child process and looks at it from outside: its lines
 * on stdout, its health port, its exit code.
 */

struct tiny_config {
	int64_t answer;
};
static struct tiny_config tiny_config;
static const struct config_key tiny_keys[] = {
	{ .name = "T_ANSWER",
	  .type = CONFIG_INT,
	  .offset = offsetof(struct tiny_config, answer),
	  .dflt = "42",
	  .help = "The answer." },
	CONFIG_END,
};
static const struct config_group tiny_groups[] = { { .keys = tiny_keys },
	                                           { .keys = NULL } };

struct child {
	pid_t pid;
	FILE *lines; /* its stdout and stderr */
	int port;
};

static struct child spawn(const struct service *service, const char *argument)
{
	char *argv[] = { (char *)(uintptr_t)service->name, (char *)(uintptr_t)argument,
		         NULL };
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	assert_int_equal(setenv("HEALTH_PORT", "0", 1), 0);
	(void)fflush(NULL);
	struct child child = { .pid = fork() };

	assert_true(child.pid >= 0);
	if (child.pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves none */
		(void)dup2(fds[1], STDOUT_FILENO);
		(void)dup2(fds[1], STDERR_FILENO);
		int code = service_main(service, argument ? 2 : 1, argv);

		(void)fflush(NULL);
		_exit(code);
	}
	(void)close(fds[1]);
	child.lines = fdopen(fds[0], "r");
	assert_non_null(child.lines);
	return child;
}

/* Reads the child's lines until one has `text`. */
static bool wait_line(struct child *child, const char *text)
{
	char line[4096];

	while (fgets(line, sizeof(line), child->lines))
		if (strstr(line, text)) {
			const char *port = strstr(line, "health on 127.0.0.1:");

			if (port)
				child->port = atoi(strrchr(port, ':') + 1);
			return true;
		}
	return false;
}

static struct child start(const struct service *service)
{
	struct child child = spawn(service, NULL);

	assert_true(wait_line(&child, "\"event\":\"service.started\""));
	assert_true(child.port > 0);
	return child;
}

static int exit_code(struct child *child)
{
	int status;

	assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
	(void)fclose(child->lines);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* The whole answer of GET path; "" when nobody listens. The caller frees. */
static char *get(const struct child *child, const char *path)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
		                             .sin_port = htons((uint16_t)child->port),
		                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char *answer = xcalloc(1, 65536);
	size_t len = 0;

	assert_true(fd >= 0);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
		assert_true(dprintf(fd, "GET %s HTTP/1.0\r\n\r\n", path) > 0);
		for (ssize_t n = 1; n > 0 && len < 65535; len += (size_t)n)
			n = recv(fd, answer + len, 65535 - len, 0);
	}
	(void)close(fd);
	return answer;
}

static void assert_get(const struct child *child, const char *path, const char *status,
                       const char *text)
{
	CLEANUP(freep) char *answer = get(child, path);

	if (strncmp(answer, status, strlen(status)) != 0 || !strstr(answer, text))
		fail_msg("GET %s: wanted %s and %s in: %s", path, status, text, answer);
}

/* ---- the command line ---- */

static int start_nothing(struct service_ctx *ctx, struct err_text *why)
{
	return 0;
}

static const struct service idle = {
	.name = "idle",
	.help = "Does nothing.",
	.groups = tiny_groups,
	.config = &tiny_config,
	.start = start_nothing,
};

static void the_command_line_answers_and_exits(void **state)
{
	static const struct {
		const char *argument, *answer, *variable, *value;
		int code;
	} cases[] = {
		{ "--help", "--check-config", NULL, NULL, 0 },
		{ "--version", "idle " FLEET_VERSION "\n", NULL, NULL, 0 },
		{ "--check-config", "configuration: ok", NULL, NULL, 0 },
		{ "--check-config", "T_ANSWER: not an integer", "T_ANSWER", "x", 78 },
		{ "--check-config", "LOG_LEVEL: not a level", "LOG_LEVEL", "loud", 78 },
		{ "--print-config", "| `DRAIN_TIMEOUT` | duration |", NULL, NULL, 0 },
		{ "--print-config", "| `T_ANSWER` | integer |  | `42` |", NULL, NULL, 0 },
		{ "--nonsense", "unknown argument", NULL, NULL, 64 },
		{ NULL, "service.config_invalid", "T_ANSWER", "x", 78 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (cases[i].variable)
			assert_int_equal(setenv(cases[i].variable, cases[i].value, 1), 0);
		struct child child = spawn(&idle, cases[i].argument);

		assert_true(wait_line(&child, cases[i].answer));
		assert_int_equal(exit_code(&child), cases[i].code);
		if (cases[i].variable)
			assert_int_equal(unsetenv(cases[i].variable), 0);
	}
}

static int check_answer(const void *config, FILE *errors)
{
	(void)fputs("T_ANSWER: not the answer; write 43\n", errors);
	return 1;
}

static void a_service_checks_what_types_cannot_say(void **state)
{
	struct service picky = idle;

	picky.check = check_answer;
	struct child child = spawn(&picky, "--check-config");

	assert_true(wait_line(&child, "T_ANSWER: not the answer; write 43"));
	assert_int_equal(exit_code(&child), 78);
}

/* ---- health, readiness, drain ---- */

static int sleep_until_drained(struct service_ctx *ctx, void *arg)
{
	while (!service_draining(ctx))
		service_sleep(ctx, 60000);
	return 0;
}

static int gate[2]; /* a byte in it is the store's answer */

static int wait_for_store(struct service_ctx *ctx, void *arg)
{
	char answer;

	service_ready(ctx, "store", read(gate[0], &answer, 1) == 1, NULL);
	return sleep_until_drained(ctx, NULL);
}

static int start_sleeper(struct service_ctx *ctx, struct err_text *why)
{
	service_ready(ctx, "store", false, "not asked yet");
	service_thread(ctx, "sleeper", wait_for_store, NULL);
	return 0;
}

static void sigterm_wakes_a_sleeping_pipeline_and_drains(void **state)
{
	struct service sleeper = idle;

	sleeper.start = start_sleeper;
	assert_int_equal(pipe(gate), 0);
	struct child child = start(&sleeper);

	assert_get(&child, "/livez", "HTTP/1.1 200", "ok");
	assert_get(&child, "/nowhere", "HTTP/1.1 404", "");
	assert_get(&child, "/metrics", "HTTP/1.1 200", "\nprocess_open_fds ");
	assert_get(&child, "/readyz", "HTTP/1.1 503", "\"store\":{\"ready\":false");
	assert_int_equal(write(gate[1], "!", 1), 1);
	assert_true(wait_line(&child, "service.condition_holds"));
	assert_get(&child, "/readyz", "HTTP/1.1 200", "\"ready\":true");
	assert_get(&child, "/metrics", "HTTP/1.1 200",
	           "\nservice_condition{condition=\"store\"} 1\n");

	int64_t before = clock_mono_ms();

	assert_int_equal(kill(child.pid, SIGTERM), 0);
	assert_true(wait_line(&child, "service.draining"));
	assert_true(wait_line(&child, "service.stopped"));
	assert_int_equal(exit_code(&child), 0);
	assert_true(clock_mono_ms() - before < 30000);
	(void)close(gate[0]);
	(void)close(gate[1]);
}

static int give_up(struct service_ctx *ctx, void *arg)
{
	return -EIO;
}

static int end_well(struct service_ctx *ctx, void *arg)
{
	return 0;
}

static int start_failing(struct service_ctx *ctx, struct err_text *why)
{
	service_thread(ctx, "sleeper", sleep_until_drained, NULL);
	service_thread(ctx, "hopeless", give_up, NULL);
	return 0;
}

static int start_ending(struct service_ctx *ctx, struct err_text *why)
{
	service_thread(ctx, "sleeper", sleep_until_drained, NULL);
	service_thread(ctx, "once", end_well, NULL);
	return 0;
}

static int refuse_to_start(struct service_ctx *ctx, struct err_text *why)
{
	service_thread(ctx, "sleeper", sleep_until_drained, NULL);
	return err_say(why, -EINVAL, "no such thing");
}

static void the_end_of_a_pipeline_ends_the_process(void **state)
{
	static const struct {
		int (*start)(struct service_ctx *ctx, struct err_text *why);
		const char *line;
		int code;
	} cases[] = {
		{ start_failing, "hopeless gave up", 70 },
		{ start_ending, "a thread ended", 0 },
		{ refuse_to_start, "no such thing", 70 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct service service = idle;

		service.start = cases[i].start;
		struct child child = spawn(&service, NULL);

		assert_true(wait_line(&child, cases[i].line));
		assert_int_equal(exit_code(&child), cases[i].code);
	}
}

static int never_return(struct service_ctx *ctx, void *arg)
{
	for (;;)
		(void)pause();
	return 0;
}

static int start_stuck(struct service_ctx *ctx, struct err_text *why)
{
	service_thread(ctx, "deaf", never_return, NULL);
	return 0;
}

static int start_holding(struct service_ctx *ctx, struct err_text *why)
{
	service_hold(ctx);
	return 0;
}

static void say_stopped(struct service_ctx *ctx)
{
	(void)dprintf(STDOUT_FILENO, "released\n");
}

static void the_drains_deadline_cuts_off_and_says_what(void **state)
{
	static const struct {
		int (*start)(struct service_ctx *ctx, struct err_text *why);
		const char *line;
	} cases[] = {
		{ start_stuck, "thread deaf is stuck" },
		{ start_holding, "1 holds not released" },
	};

	assert_int_equal(setenv("DRAIN_TIMEOUT", "200ms", 1), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct service service = idle;

		service.start = cases[i].start;
		struct child child = start(&service);

		assert_int_equal(kill(child.pid, SIGTERM), 0);
		assert_true(wait_line(&child, cases[i].line));
		assert_int_equal(exit_code(&child), 1);
	}
	assert_int_equal(unsetenv("DRAIN_TIMEOUT"), 0);
}

static void release_hold(struct service_ctx *ctx)
{
	service_release(ctx);
}

static void a_released_hold_lets_the_drain_end(void **state)
{
	struct service service = idle;

	service.start = start_holding;
	service.drain = release_hold;
	service.stop = say_stopped;
	struct child child = start(&service);

	assert_int_equal(kill(child.pid, SIGINT), 0);
	assert_true(wait_line(&child, "released"));
	assert_int_equal(exit_code(&child), 0);
}

/* ---- workers ---- */

static struct worker *worker;
static struct service_ctx *worker_ctx;
static atomic_int jobs_run;
static int jobs_done;

static void run_job(void *job)
{
	atomic_fetch_add(&jobs_run, *(int *)job);
	(void)usleep(300000);
}

static void finish_job(void *job)
{
	jobs_done += *(int *)job;
	free(job);
	if (jobs_done == 3)
		service_release(worker_ctx);
}

static bool submit(int number)
{
	int *job = xcalloc(1, sizeof(*job));

	*job = number;
	if (worker_submit(worker, run_job, finish_job, job))
		return true;
	free(job);
	return false;
}

static int start_worker(struct service_ctx *ctx, struct err_text *why)
{
	worker_ctx = ctx;
	worker = worker_new(ctx, "bench", 2);
	service_hold(ctx);
	assert_true(submit(1));
	(void)usleep(100000); /* the first is under way: two wait, the next is too many */
	assert_true(submit(1));
	assert_true(submit(1));
	assert_false(submit(100));
	return 0;
}

/* What was submitted at the last moment is run and answered by worker_free. */
static void stop_worker(struct service_ctx *ctx)
{
	(void)submit(10);
	worker = worker_free(worker);
	(void)dprintf(STDOUT_FILENO, "run %d done %d\n", atomic_load(&jobs_run), jobs_done);
}

static void a_worker_answers_each_job_once_and_refuses_too_many(void **state)
{
	struct service service = idle;

	service.start = start_worker;
	service.stop = stop_worker;
	struct child child = start(&service);

	assert_get(&child, "/metrics", "HTTP/1.1 200",
	           "\nservice_worker_rejected_total{worker=\"bench\"} 1\n");
	assert_int_equal(kill(child.pid, SIGTERM), 0);
	assert_true(wait_line(&child, "run 13 done 13"));
	assert_int_equal(exit_code(&child), 0);
}

static int forbid_waiting_forever(void **state)
{
	(void)alarm(60);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_command_line_answers_and_exits),
		cmocka_unit_test(a_service_checks_what_types_cannot_say),
		cmocka_unit_test(sigterm_wakes_a_sleeping_pipeline_and_drains),
		cmocka_unit_test(the_end_of_a_pipeline_ends_the_process),
		cmocka_unit_test(the_drains_deadline_cuts_off_and_says_what),
		cmocka_unit_test(a_released_hold_lets_the_drain_end),
		cmocka_unit_test(a_worker_answers_each_job_once_and_refuses_too_many),
	};

	return cmocka_run_group_tests(tests, forbid_waiting_forever, NULL);
}
