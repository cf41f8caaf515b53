#pragma once
/*
 * The error policy, for every function of the fleet that can fail:
 *
 *   0          done
 *   negative   -errno: unexpected; forward it unchanged, never match on it
 *   positive   MODULE_E_...: named in the module's header; the caller must handle it
 *
 * A partner that refuses is not an error: it is an outcome (domain/outcome.h). Runtime
 * input never aborts the process; a broken invariant of ours does (assert stays on in
 * production).
 *
 * A message for a person travels beside the code in a `struct err_text`: it names the field
 * and the remedy, and never holds a value that could be a secret or about a patient.
 */
#include "base/util.h"

struct err_text {
	char text[240]; /* always terminated; "" when nothing was said */
};

/* Replaces the text. `why` may be NULL: then nothing is kept. Returns `code`, for `return`.
 */
int err_say(struct err_text *why, int code, const char *fmt, ...) PRINTF(3, 4);
