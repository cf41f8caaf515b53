#pragma once
/* Messages of integration.failed-tasks, in the list (failed.c) and by themselves. */
#include "api.h"
#include "kafka/kafka.h"

/* Whose it is; 0: cannot be told. */
int64_t failed_lab(const struct kafka_message *m);
/* A message of nobody's lab is for who sees all labs. */
bool failed_may_see(const struct call *call, int64_t lab_id);
/* As the API shows it; `revealed`: with its bytes, which are masked in the page. */
json_t *failed_item(const struct call *call, const struct kafka_message *m, bool revealed);
