#pragma once
/*
 * Faxes that their vendor has taken and says nothing about: it is asked, less and less
 * often (domain/fax.h), by way of the dispatcher, which keeps the vendor's pace. After each
 * sweep, by who leads. What was asked is remembered by this process alone: after a restart
 * each is asked about once more.
 */
#include "domain/under_way.h"
#include "kafka/kafka.h"
#include "logstore/logstore.h"
#include "settings/settings.h"

struct polls_tools { /* borrowed */
	struct logstore *store;
	struct kafka_producer *producer;
	const struct settings *settings;
	struct under_way *asked;
	int64_t first_ms; /* FAX_POLL_AFTER */
};

#define POLLS_REMEMBER_MS 3600000 /* more than the longest pause between two questions */

/* What goes wrong is logged, and made good by the next one. */
void polls_run(const struct polls_tools *tools, int64_t now_ms);
