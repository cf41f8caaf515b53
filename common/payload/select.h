#pragma once
/*
 * Before the fields: what of the context the event means (which payment, which items, which
 * reports), put beside the context under names of its own: active_items, payment,
 * paid_items, received_payments, added_items, redraw, document, reports, fax,
 * claim_adjustments, paid_lines. And what a payload must not be built of. Internal to
 * payload/.
 */
#include "payload/payload.h"

/* 0, PAYLOAD_E_BUILD or PAYLOAD_E_SUPERSEDED. Changes `scope`. */
int payload_select(const struct payload_source *source, json_t *scope,
                   struct err_text *why) MUST_CHECK;

/* PAYLOAD_E_SUPERSEDED: what the event announced is not true (any more) of this context. */
int payload_check_fence(const struct action *action, const json_t *event,
                        const json_t *context, struct err_text *why) MUST_CHECK;

/* ---- by family ---- */
int payload_select_report(const struct payload_source *source, json_t *scope,
                          struct err_text *why) MUST_CHECK; /* 28, 50 */
int payload_select_pdf(const struct payload_source *source, json_t *scope,
                       struct err_text *why) MUST_CHECK; /* 19 */
int payload_select_reports(const struct payload_source *source, json_t *scope,
                           struct err_text *why) MUST_CHECK; /* 35 */
int payload_select_fax(const struct payload_source *source, json_t *scope,
                       struct err_text *why) MUST_CHECK; /* 56 */
int payload_check_claim(const struct payload_source *source, json_t *scope,
                        struct err_text *why) MUST_CHECK; /* 60 */
int payload_select_remittance(const struct payload_source *source, json_t *scope,
                              struct err_text *why) MUST_CHECK; /* 61 */
