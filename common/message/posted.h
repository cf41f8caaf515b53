#pragma once
/*
 * What other workers post of an attempt (POST /integration-callback), as a report: the
 * fields of the old system, looked for at the top, in args.integration_payload and in
 * args.payload.integration_payload; of each the first place that has it counts. Types are
 * taken as workers write them (numbers as text, bodies as objects). The status is derived.
 */
#include "message/report.h"

/*
 * MESSAGE_E_INVALID: `why` names the field and what it must be. Bodies are cut to
 * `body_limit` bytes; end_point and headers are as sent: mask them before they are kept.
 * On 0 the report is the caller's to release.
 */
int posted_read(const char *json, size_t len, int64_t body_limit, struct report *out,
                struct err_text *why) MUST_CHECK;

/* The body of POST /mirth-status, as a report of kind `downstream`; as posted_read. */
int posted_read_mirth(const char *json, size_t len, int64_t body_limit, struct report *out,
                      struct err_text *why) MUST_CHECK;

/*
 * Helpers for bodies that people and old programs write. An integer may be a number or its
 * text. False: neither.
 */
bool posted_int(const json_t *value, int64_t *out);
/* As jdoc_parse, but NUL characters in texts are allowed (partners' answers hold some). */
json_t *posted_parse(const char *json, size_t len, struct err_text *why);
