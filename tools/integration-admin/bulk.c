/* integration-admin retry --lab ...: a preview, the run that is made of it, its progress.
 */
#include "admin.h"

#include "base/clock.h"
#include "domain/action.h"
#include "logstore/search.h"
#include "retryrun/retryrun.h"
#include "json/jdoc.h"

#include <getopt.h>
#include <limits.h>
#include <unistd.h>

#define FOLLOW_MS   500
#define RUNS_SHOWN  20
#define ITEMS_SHOWN 500
#define BY_US       "integration-admin"

struct bulk {
	struct log_filter filter;
	int64_t lab_id;
	json_t *shown; /* the options, kept with the preview */
	struct retryrun_order order;
	bool dry_run, resend;
};

static const struct retryrun_labs all_labs;

/* ---- options ---- */

static bool take_int(const char *text, int64_t max, int64_t *out)
{
	char *end;

	*out = strtoll(text, &end, 10);
	return end != text && *end == '\0' && *out > 0 && *out <= max;
}

static bool take_real(const char *text, double max, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end != text && *end == '\0' && *out >= 0 && *out <= max;
}

static bool take_status(struct log_filter *filter, const char *text)
{
	enum log_status status;

	if (!log_status_parse(strcmp(text, "SUPPRESSED") == 0 ? "" : text, &status))
		return false;
	filter->statuses |= LOG_STATUS_BIT(status);
	return true;
}

static bool take_action(struct log_filter *filter, const char *text)
{
	int64_t id;

	if (!take_int(text, INT_MAX, &id) || !action_find((int)id) ||
	    filter->n_actions == LOG_FILTER_ACTIONS)
		return false;
	filter->actions[filter->n_actions++] = id;
	return true;
}

static bool take_error_kind(struct log_filter *filter, const char *text)
{
	enum error_kind kind;

	filter->error_kind = text;
	return error_kind_parse(text, &kind);
}

enum { LAB, INTEGRATION, STATUS, ACTION, FROM, TO, KIND, FILTER_OPTIONS };

static bool take_filter(struct bulk *b, int option, const char *text)
{
	switch (option) {
	case LAB:
		return take_int(text, INT64_MAX, &b->lab_id);
	case INTEGRATION:
		return take_int(text, INT64_MAX, &b->filter.integration_id);
	case STATUS:
		return take_status(&b->filter, text);
	case ACTION:
		return take_action(&b->filter, text);
	case FROM:
		return clock_parse_iso(text, &b->filter.from_ms);
	case TO:
		return clock_parse_iso(text, &b->filter.to_ms);
	default:
		return take_error_kind(&b->filter, text);
	}
}

enum { DRY_RUN = FILTER_OPTIONS, RATE, REASON, STOP, PAUSED, RESEND };

static bool take_order(struct bulk *b, int option, const char *text)
{
	switch (option) {
	case DRY_RUN:
		return b->dry_run = true;
	case RATE:
		return take_real(text, RETRYRUN_RATE_MAX, &b->order.rate) &&
		       b->order.rate > 0;
	case REASON:
		b->order.reason = text;
		return true;
	case STOP:
		return take_real(text, 100, &b->order.stop_when_failing);
	case PAUSED:
		return b->order.start_paused = true;
	case RESEND:
		return b->resend = true;
	default:
		return false;
	}
}

static const struct option options[] = {
	{ "lab", required_argument, NULL, LAB },
	{ "integration", required_argument, NULL, INTEGRATION },
	{ "status", required_argument, NULL, STATUS },
	{ "action", required_argument, NULL, ACTION },
	{ "from", required_argument, NULL, FROM },
	{ "to", required_argument, NULL, TO },
	{ "error-kind", required_argument, NULL, KIND },
	{ "dry-run", no_argument, NULL, DRY_RUN },
	{ "rate", required_argument, NULL, RATE },
	{ "reason", required_argument, NULL, REASON },
	{ "stop-when-failing", required_argument, NULL, STOP },
	{ "start-paused", no_argument, NULL, PAUSED },
	{ "resend", no_argument, NULL, RESEND },
	{ NULL, 0, NULL, 0 },
};

static bool take_options(struct bulk *b, int argc, char **argv)
{
	int option, at = 0;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
	while ((option = getopt_long(argc, argv, "", options, &at)) != -1) {
		if (option == '?')
			return false;
		if (option < FILTER_OPTIONS) {
			if (!take_filter(b, option, optarg)) {
				(void)fprintf(stderr, "--%s: %s is no value of it\n",
				              options[at].name, optarg);
				return false;
			}
			jdoc_set_text(b->shown, options[at].name, optarg);
		} else if (!take_order(b, option, optarg)) {
			(void)fprintf(stderr, "--%s: not a value of it\n",
			              options[at].name);
			return false;
		}
	}
	if (b->lab_id) {
		b->filter.labs = &b->lab_id;
		b->filter.n_labs = 1;
	}
	if (b->filter.statuses == 0)
		b->filter.statuses = LOG_STATUS_BIT(LOG_STATUS_FAIL);
	if (optind == argc && (b->lab_id || b->filter.integration_id))
		return true;
	(void)fprintf(stderr, "say which logs: LOG_ID, or --lab or --integration\n");
	return false;
}

/* ---- the preview ---- */

static int say(int result, const struct err_text *why)
{
	(void)fprintf(stderr, "%s\n", why->text);
	return result == RETRYRUN_E_AWAY ? EXIT_AWAY : EXIT_REFUSED;
}

static long long number(const json_t *object, const char *key)
{
	return (long long)jdoc_int_or(object, key, 0);
}

static void print_reasons(const json_t *preview)
{
	const char *reason;
	json_t *n;
	const json_t *one;
	size_t i;

	json_object_foreach (json_object_get(preview, "refused"), reason, n)
		printf("  refused, %s: %lld\n", reason, (long long)json_integer_value(n));
	json_array_foreach (json_object_get(preview, "superseded_why"), i, one)
		printf("  superseded, %s: %lld\n", jdoc_text_or(one, "reason", ""),
		       number(one, "count"));
	json_array_foreach (json_object_get(preview, "partners"), i, one)
		printf("  partner %lld %s: %lld matched, %lld eligible, %lld would be "
		       "superseded\n",
		       number(one, "auth_id"), jdoc_text_or(one, "developer_name", ""),
		       number(one, "matched"), number(one, "eligible"),
		       number(one, "superseded"));
}

static void print_preview(const json_t *p)
{
	bool all = number(p, "rebuilt") == number(p, "eligible");

	printf("%lld matched%s, %lld eligible\n", number(p, "matched"),
	       jdoc_bool_or(p, "capped", false) ? " (and more, which are left out)" : "",
	       number(p, "eligible"));
	printf("%s%lld would be superseded, %lld changed, %lld same, %lld unknown, %lld "
	       "cannot be built\n",
	       all ? "" : "of the first: ", number(p, "superseded"),
	       number(p, "body_changed"), number(p, "body_same"), number(p, "body_unknown"),
	       number(p, "unbuildable"));
	if (number(p, "py3"))
		printf("%lld go to py3\n", number(p, "py3"));
	print_reasons(p);
}

static int make_preview(struct admin *a, const struct bulk *b, json_t **out)
{
	struct settings_source *source =
		settings_source_new(admin_pg(a), &a->config.secrets);
	CLEANUP(settings_unrefp) struct settings *settings = NULL;
	int result =
		settings_refresh(source, clock_mono_ms() + ADMIN_DEADLINE_MS, &settings);
	struct err_text why = { "" };

	(void)settings_source_free(source);
	if (result)
		return admin_pg_failed(admin_pg(a), "postgres");
	const struct retryrun_tools tools = { .pg = admin_pg(a),
		                              .store = admin_store(a),
		                              .settings = settings };
	const struct retryrun_scope scope = { .filter = &b->filter,
		                              .resend = b->resend,
		                              .requested_by = BY_US,
		                              .shown = b->shown };
	if (!tools.store)
		return EXIT_CONFIG;
	result = retryrun_preview(&tools, &scope, out, &why);
	return result ? say(result, &why) : EXIT_DONE;
}

/* ---- the run ---- */

static int64_t run_id(const json_t *run)
{
	return strtoll(jdoc_text_or(run, "id", "0"), NULL, 10);
}

static void print_run(const json_t *run)
{
	const json_t *counts = json_object_get(run, "counts");
	const char *why = jdoc_text_or(run, "why", NULL);
	const char *word;
	json_t *n;

	printf("run %s %s, %lld logs", jdoc_text_or(run, "id", ""),
	       jdoc_text_or(run, "state", ""), number(run, "total"));
	json_object_foreach ((json_t *)(uintptr_t)counts, word, n)
		if (json_integer_value(n) > 0)
			printf(", %s %lld", word, (long long)json_integer_value(n));
	printf("%s%s\n", why ? ": " : "", why ? why : "");
}

/* What was asked for when it stopped, or was paused, ends later. */
static bool goes_on(const json_t *run)
{
	return strcmp(jdoc_text_or(run, "state", ""), "RUNNING") == 0;
}

/* Who interrupts this interrupts the looking on, and not the run. */
static int follow(struct admin *a, json_t *run)
{
	int64_t id = run_id(run);
	CLEANUP(freep) char *last = NULL;
	struct err_text why = { "" };
	int result = 0;

	while (result == 0) {
		char *now = jdoc_dump(json_object_get(run, "counts"), NULL);

		if (!last || strcmp(last, now) != 0 || !goes_on(run))
			print_run(run);
		free(last);
		last = now;
		if (!goes_on(run))
			break;
		(void)usleep(FOLLOW_MS * 1000);
		json_decref(run);
		result = retryrun_get(admin_pg(a), id, &all_labs, &run, &why);
	}
	if (result)
		return say(result, &why);
	result = strcmp(jdoc_text_or(run, "state", ""), "DONE") == 0 ||
	                         strcmp(jdoc_text_or(run, "state", ""), "PAUSED") == 0
	                 ? EXIT_DONE
	                 : EXIT_REFUSED;
	json_decref(run);
	return result;
}

static int retry_many(struct admin *a, struct bulk *b)
{
	CLEANUP_JSON json_t *preview = NULL;
	json_t *run = NULL;
	struct err_text why = { "" };
	int result = make_preview(a, b, &preview);

	if (result)
		return result;
	print_preview(preview);
	if (b->dry_run)
		return EXIT_DONE;
	b->order.preview_id = jdoc_text_or(preview, "preview_id", "");
	b->order.requested_by = BY_US;
	result = retryrun_start(admin_pg(a), &b->order, &run, &why);
	return result ? say(result, &why) : follow(a, run);
}

int command_retry_many(struct admin *a, int argc, char **argv)
{
	struct bulk b = { .shown = json_object(),
		          .order = { .reason = "asked for from the shell",
		                     .stop_when_failing = -1 } };
	int result = EXIT_USAGE;

	if (take_options(&b, argc, argv))
		result = admin_load(a, NEED_POSTGRES | NEED_MONGODB | NEED_SECRETS)
		                 ? retry_many(a, &b)
		                 : EXIT_CONFIG;
	json_decref(b.shown);
	return result;
}

/* ---- runs ---- */

static int print_items(struct admin *a, int64_t id)
{
	struct retryrun_items query = { .limit = ITEMS_SHOWN };
	struct err_text why = { "" };
	size_t n = ITEMS_SHOWN;

	while (n == ITEMS_SHOWN) {
		CLEANUP_JSON json_t *items = NULL;
		int result = retryrun_items(admin_pg(a), id, &query, &items, &why);
		const json_t *item;
		size_t i;

		if (result)
			return say(result, &why);
		json_array_foreach (items, i, item) {
			printf("%s %s %s %s\n", jdoc_text_or(item, "log_id", ""),
			       jdoc_text_or(item, "state", ""),
			       jdoc_text_or(item, "status", "-"),
			       jdoc_text_or(item, "error", ""));
			query.after = jdoc_int_or(item, "n", 0);
		}
		n = json_array_size(items);
	}
	return EXIT_DONE;
}

static int show_run(struct admin *a, int64_t id)
{
	CLEANUP_JSON json_t *run = NULL;
	struct err_text why = { "" };
	int result = retryrun_get(admin_pg(a), id, &all_labs, &run, &why);

	if (result)
		return say(result, &why);
	print_run(run);
	return print_items(a, id);
}

static int list_runs(struct admin *a, int64_t lab_id)
{
	const struct retryrun_list query = { .lab_id = lab_id, .limit = RUNS_SHOWN };
	CLEANUP_JSON json_t *runs = NULL;
	struct err_text why = { "" };
	int result = retryrun_list(admin_pg(a), &query, &runs, &why);
	const json_t *run;
	size_t i;

	if (result)
		return say(result, &why);
	json_array_foreach (runs, i, run)
		print_run(run);
	return EXIT_DONE;
}

int command_retry_runs(struct admin *a, int argc, char **argv)
{
	int64_t id = 0;

	if (argc == 1)
		return list_runs(a, 0);
	if (argc == 2 && take_int(argv[1], INT64_MAX, &id))
		return show_run(a, id);
	if (argc == 3 && strcmp(argv[1], "--lab") == 0 && take_int(argv[2], INT64_MAX, &id))
		return list_runs(a, id);
	return EXIT_USAGE;
}

static int steer(struct admin *a, int argc, char **argv, enum retryrun_command command)
{
	CLEANUP_JSON json_t *run = NULL;
	struct err_text why = { "" };
	int64_t id;

	if (argc != 2 || !take_int(argv[1], INT64_MAX, &id))
		return EXIT_USAGE;
	int result = retryrun_command(admin_pg(a), id, command, &all_labs, &run, &why);
	if (result)
		return say(result, &why);
	print_run(run);
	return EXIT_DONE;
}

int command_retry_pause(struct admin *a, int argc, char **argv)
{
	return steer(a, argc, argv, RETRYRUN_PAUSE);
}

int command_retry_resume(struct admin *a, int argc, char **argv)
{
	return steer(a, argc, argv, RETRYRUN_RESUME);
}

int command_retry_cancel(struct admin *a, int argc, char **argv)
{
	return steer(a, argc, argv, RETRYRUN_CANCEL);
}
