#pragma once
/* Shared by the commands of integration-admin: configuration, stores, the table's row. */
#include "config/config.h"
#include "kafka/kafka.h"
#include "logstore/logstore.h"
#include "postgres/postgres.h"
#include "secrets/keyring.h"
#include "transport/py3.h"

#include <stdio.h>

enum {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1, /* it cannot be done: not there, or not allowed */
	EXIT_USAGE = 64,
	EXIT_AWAY = 69, /* a store or the broker does not answer: try again later */
	EXIT_CONFIG = 78,
};

#define ADMIN_DEADLINE_MS 30000

enum need {
	NEED_POSTGRES = 1,
	NEED_MONGODB = 2,
	NEED_KAFKA = 4,
	NEED_SECRETS = 8,
	NEED_PY3 = 16,
};

struct admin_config {
	struct kafka_config kafka;
	struct postgres_config postgres;
	struct logstore_config logstore;
	struct secrets_config secrets;
	struct py3_config py3;
};

struct admin {
	struct admin_config config;
	struct pg *pg;          /* made by admin_pg */
	struct logstore *store; /* made by admin_store */
	unsigned loaded;        /* which needs have their configuration */
};

/* Reads the configuration of these needs; faulty keys are said on stderr. */
bool admin_load(struct admin *a, unsigned needs);
struct pg *admin_pg(struct admin *a);
struct logstore *admin_store(struct admin *a); /* NULL: said on stderr */
void admin_release(struct admin *a);

struct command {
	const char *group; /* "logs" */
	const char *name;  /* "list"; NULL when the group is the command */
	const char *usage; /* arguments */
	const char *help;
	unsigned needs; /* whose configuration must be complete */
	int (*run)(struct admin *a, int argc,
	           char **argv); /* argv[0] = the command's word */
};

int command_migrate(struct admin *a, int argc, char **argv);
int command_logs_list(struct admin *a, int argc, char **argv);
int command_logs_show(struct admin *a, int argc, char **argv);
int command_failed_tasks_list(struct admin *a, int argc, char **argv);
int command_failed_tasks_show(struct admin *a, int argc, char **argv);
int command_failed_tasks_requeue(struct admin *a, int argc, char **argv);
int command_retry(struct admin *a, int argc, char **argv);
int command_retry_many(struct admin *a, int argc, char **argv); /* bulk.c */
int command_retry_runs(struct admin *a, int argc, char **argv);
int command_retry_pause(struct admin *a, int argc, char **argv);
int command_retry_resume(struct admin *a, int argc, char **argv);
int command_retry_cancel(struct admin *a, int argc, char **argv);
int command_preview(struct admin *a, int argc, char **argv);
int command_check(struct admin *a, int argc, char **argv);
int command_user_add(struct admin *a, int argc, char **argv);
int command_user_list(struct admin *a, int argc, char **argv);
int command_user_password(struct admin *a, int argc, char **argv);
int command_user_disable(struct admin *a, int argc, char **argv);
int command_user_enable(struct admin *a, int argc, char **argv);
int command_user_token(struct admin *a, int argc, char **argv);
int command_doctor(struct admin *a, int argc, char **argv);

/* Migrations (sql.c) and the action inventory (catalogue.c). EXIT_... */
int sql_apply_directory(struct pg *pg, const char *dir);
int catalogue_write(struct pg *pg);
int admin_pg_failed(const struct pg *pg, const char *doing); /* says it; EXIT_... */
