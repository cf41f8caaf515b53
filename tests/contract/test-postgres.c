/* Statements, deadlines and broken connections on a real PostgreSQL. */
#include "contract.h"

#include <stdio.h>

static struct postgres_config config;

static int64_t number_of(struct pg *pg, const char *sql)
{
	struct pg_result *r = NULL;

	assert_int_equal(pg_query(pg, sql, NULL, 0, in_ms(5000), &r), 0);
	int64_t n = pg_int(r, 0, 0);

	(void)pg_result_free(r);
	return n;
}

static int set_up(void **state)
{
	*state = pg_open(&config);
	return 0;
}

static int tear_down(void **state)
{
	*state = pg_close(*state);
	return 0;
}

static void values_come_as_text_number_and_flag(void **state)
{
	static const char *const params[] = { "42", NULL, "it's" };
	struct pg_result *r = NULL;

	/* more than once: the second time it is prepared */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(pg_query(*state,
		                          "SELECT $1::bigint, $2::text, $3::text, true, "
		                          "timestamptz '2026-11-21 09:30:00+02'",
		                          params, 3, in_ms(5000), &r),
		                 0);
		assert_int_equal(pg_rows(r), 1);
		assert_int_equal(pg_int(r, 0, 0), 42);
		assert_null(pg_text(r, 0, 1));
		assert_int_equal(pg_int(r, 0, 1), 0);
		assert_string_equal(pg_text(r, 0, 2), "it's");
		assert_true(pg_bool(r, 0, 3));
		assert_false(pg_bool(r, 0, 1));
		assert_string_equal(pg_text(r, 0, 4), "2026-11-21 07:30:00+00");
		r = pg_result_free(r);
	}
	assert_int_equal(number_of(*state, "SELECT count(*) FROM pg_prepared_statements"),
	                 1);
}

static void statements_built_anew_do_not_pile_up_as_prepared(void **state)
{
	for (int i = 0; i < 300; i++) {
		CLEANUP(freep) char *sql = xasprintf("SELECT %d", i);

		assert_int_equal(number_of(*state, sql), i);
	}
	assert_in_range(number_of(*state, "SELECT count(*) FROM pg_prepared_statements"), 0,
	                5);
}

static void a_buffer_used_again_for_other_sql_is_not_mistaken(void **state)
{
	char sql[32];

	for (int i = 0; i < 6; i++) {
		(void)snprintf(sql, sizeof(sql), "SELECT %d", i / 2);
		assert_int_equal(number_of(*state, sql), i / 2);
	}
}

static void a_table_that_changes_under_a_prepared_statement_does_no_harm(void **state)
{
	static const char select[] = "SELECT * FROM contract_changes";
	struct pg_result *r = NULL;

	assert_int_equal(pg_script(*state,
	                           "CREATE TEMP TABLE contract_changes (a int);"
	                           "INSERT INTO contract_changes VALUES (7)",
	                           in_ms(5000)),
	                 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(number_of(*state, select), 7);
	assert_int_equal(pg_script(*state,
	                           "ALTER TABLE contract_changes ADD b int DEFAULT 8",
	                           in_ms(5000)),
	                 0);
	assert_int_equal(pg_query(*state, select, NULL, 0, in_ms(5000), &r), 0);
	assert_int_equal(pg_int(r, 0, 1), 8);
	(void)pg_result_free(r);
}

static void a_statement_past_its_deadline_is_stopped(void **state)
{
	static const char running[] = "SELECT count(*) FROM pg_stat_activity WHERE query = "
				      "'SELECT pg_sleep(31)' AND state = 'active'";
	int64_t start = clock_mono_ms();

	assert_int_equal(pg_query(*state, "SELECT pg_sleep(31)", NULL, 0, in_ms(300), NULL),
	                 PG_E_TIMEOUT);
	assert_in_range(clock_mono_ms() - start, 300, 1000);
	for (int64_t until = in_ms(5000); number_of(*state, running) > 0;)
		assert_true(clock_mono_ms() < until);
}

static void errors_name_the_cause_without_the_data(void **state)
{
	static const struct {
		const char *sql;
		const char *param;
		const char *sqlstate;
		const char *says;
	} cases[] = {
		{ "SELECT $1::int", "Jane Doe", "22P02",
		  "text that is no value of the type" },
		{ "SELECT $1::date", "Jane Doe", "22007", "not a date or time" },
		{ "SELECT 1 / $1::int", "0", "22012", "division by zero" },
		{ "SELECT $1::text FROM nowhere", "Jane Doe", "42P01",
		  "relation \"nowhere\" does not exist" },
		{ "INSERT INTO contract_errors VALUES ($1)", "Jane Doe", "23514",
		  "a value against a check constraint: contract_errors_a_check" },
		{ "SELECT pg_temp.contract_raise($1)", "Jane Doe", "P0001",
		  "raised by a function" },
	};

	assert_int_equal(
		pg_script(
			*state,
			"CREATE TEMP TABLE contract_errors (a text CHECK (a = 'x'));"
			"CREATE OR REPLACE FUNCTION pg_temp.contract_raise(t text) RETURNS "
			"int LANGUAGE plpgsql AS $$BEGIN RAISE '%', t; END$$",
			in_ms(5000)),
		0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(pg_query(*state, cases[i].sql, &cases[i].param, 1,
		                          in_ms(5000), NULL),
		                 PG_E_REFUSED);
		assert_string_equal(pg_sqlstate(*state), cases[i].sqlstate);
		assert_string_equal(pg_error(*state), cases[i].says);
	}
}

static void a_script_is_all_or_nothing(void **state)
{
	struct pg_result *r = NULL;

	assert_int_equal(pg_script(*state,
	                           "CREATE TABLE contract_script (a int);"
	                           "INSERT INTO contract_script VALUES (1);"
	                           "INSERT INTO contract_script VALUES (1 / 0)",
	                           in_ms(5000)),
	                 PG_E_REFUSED);
	assert_string_equal(pg_sqlstate(*state), "22012");
	assert_int_equal(pg_query(*state, "SELECT to_regclass('contract_script')", NULL, 0,
	                          in_ms(5000), &r),
	                 0);
	assert_null(pg_text(r, 0, 0));
	(void)pg_result_free(r);
}

static void a_broken_connection_is_made_again(void **state)
{
	struct pg *other = pg_open(&config);
	int64_t pid = number_of(*state, "SELECT pg_backend_pid()");
	CLEANUP(freep)
	char *kill = xasprintf("SELECT pg_terminate_backend(%d, 5000)", (int)pid);

	(void)number_of(other, kill);
	/* it died while idle: seen before anything is sent */
	assert_int_not_equal(number_of(*state, "SELECT pg_backend_pid()"), pid);
	/* it dies under the statement */
	assert_int_equal(pg_query(*state, "SELECT pg_terminate_backend(pg_backend_pid())",
	                          NULL, 0, in_ms(5000), NULL),
	                 PG_E_AWAY);
	assert_int_equal(number_of(*state, "SELECT 1"), 1);
	(void)pg_close(other);
}

static void a_transaction_does_not_go_on_on_another_connection(void **state)
{
	struct pg *other = pg_open(&config);
	CLEANUP(freep)
	char *kill = xasprintf("SELECT pg_terminate_backend(%d, 5000)",
	                       (int)number_of(*state, "SELECT pg_backend_pid()"));

	assert_int_equal(pg_query(*state, "BEGIN", NULL, 0, in_ms(5000), NULL), 0);
	(void)number_of(other, kill);
	assert_int_equal(pg_query(*state, "SELECT 1", NULL, 0, in_ms(5000), NULL),
	                 PG_E_AWAY);
	assert_int_equal(number_of(*state, "SELECT 1"), 1);
	(void)pg_close(other);
}

static void an_absent_server_is_away_at_once_during_the_back_off(void **state)
{
	struct postgres_config nowhere = {
		.url = (char[]){ "postgres://fleet@127.0.0.1:1/x" }, .connect_timeout = 1000
	};
	struct pg *pg = pg_open(&nowhere);
	int64_t start = clock_mono_ms();

	for (int i = 0; i < 50; i++)
		assert_int_equal(pg_query(pg, "SELECT 1", NULL, 0, in_ms(1000), NULL),
		                 PG_E_AWAY);
	assert_in_range(clock_mono_ms() - start, 0, 200);
	assert_non_null(strstr(pg_error(pg), "refused"));
	(void)pg_close(pg);
}

static void large_results_and_parameters_pass(void **state)
{
	size_t len = 8 * 1024 * 1024;
	CLEANUP(freep) char *text = xcalloc(1, len + 1);
	const char *param = memset(text, 'x', len);
	struct pg_result *r = NULL;

	assert_int_equal(pg_query(*state, "SELECT $1::text", &param, 1, in_ms(20000), &r),
	                 0);
	assert_int_equal(strlen(pg_text(r, 0, 0)), len);
	(void)pg_result_free(r);
}

static void arrays_are_written_as_the_server_reads_them(void **state)
{
	static const int64_t values[] = { 1, -2, INT64_MAX };
	struct buf b = BUF_INIT(0);
	struct pg_result *r = NULL;

	pg_array_int(&b, values, ARRAY_SIZE(values));
	const char *param = buf_str(&b);

	assert_int_equal(
		pg_query(*state, "SELECT unnest($1::bigint[])", &param, 1, in_ms(5000), &r),
		0);
	assert_int_equal(pg_rows(r), ARRAY_SIZE(values));
	for (size_t i = 0; i < ARRAY_SIZE(values); i++)
		assert_int_equal(pg_int(r, i, 0), values[i]);
	(void)pg_result_free(r);
	buf_clear(&b);
	pg_array_int(&b, NULL, 0);
	assert_string_equal(buf_str(&b), "{}");
	buf_deinit(&b);
}

#define CONNECTED(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CONNECTED(values_come_as_text_number_and_flag),
		CONNECTED(statements_built_anew_do_not_pile_up_as_prepared),
		CONNECTED(a_buffer_used_again_for_other_sql_is_not_mistaken),
		CONNECTED(a_table_that_changes_under_a_prepared_statement_does_no_harm),
		CONNECTED(a_statement_past_its_deadline_is_stopped),
		CONNECTED(errors_name_the_cause_without_the_data),
		CONNECTED(a_script_is_all_or_nothing),
		CONNECTED(a_broken_connection_is_made_again),
		CONNECTED(a_transaction_does_not_go_on_on_another_connection),
		CONNECTED(an_absent_server_is_away_at_once_during_the_back_off),
		CONNECTED(large_results_and_parameters_pass),
		CONNECTED(arrays_are_written_as_the_server_reads_them),
	};

	config = contract_postgres();
	return cmocka_run_group_tests_name("postgres", tests, NULL, NULL);
}
