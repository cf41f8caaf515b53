#pragma once
/*
 * Where a call says which bill, patient, report or appointment it is about: a route's
 * rules, one a line, "<field> <place>", the first that finds an id counts. Fields: bill_id,
 * patient_id, lrr_id, report_id, appointment_id. Places: "request.<path>" and
 * "response.<path>" in JSON bodies ("response.reportDetails.0.CentreReportId"; `request`
 * looks into forms too, by name), "query.<name>". Pure.
 */
#include "message/inbound_call.h"

#include <stdbool.h>

/* Is this line a rule? `why` says what is wrong. */
bool references_check(const char *field, const char *place, struct err_text *why);
/* Sets the ids of `call` out of its bodies and its end_point. `rules` may be NULL. */
void references_find(const char *rules, struct inbound_call *call);
