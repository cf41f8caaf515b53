#pragma once
/* Which logs a preview is about: ids, in order, each once. Internal to retryrun/. */
#include "retryrun/retryrun.h"

struct chosen {
	struct log_id *ids;
	size_t n;
	bool capped; /* more match */
};

/* Those inserted before `cut_off_ms`. RETRYRUN_E_INVALID, RETRYRUN_E_AWAY. */
int chosen_make(const struct retryrun_tools *tools, const struct retryrun_scope *scope,
                int64_t cut_off_ms, struct chosen *out, struct err_text *why) MUST_CHECK;
void chosen_release(struct chosen *c);

bool retryrun_may_see(const struct retryrun_labs *labs, int64_t lab_id);
