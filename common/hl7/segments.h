#pragma once
/* The segments' layouts (domain: HL7 2.5.1 numbering). Internal to hl7/. */
#include "hl7/layout.h"

#define HL7_OURSELVES "LISFLEET" /* MSH-3, and the assigner of filler numbers */

extern const struct hl7_field hl7_msh[], hl7_evn[], hl7_pid[], hl7_pv1[], hl7_orc[],
	hl7_obr[], hl7_spm[];
extern const struct hl7_field hl7_referring_doctor[]; /* a field's components */

/* How an action's orders are announced: ORC-1 (table 0119) and what ORC-9 tells. */
struct hl7_control {
	int action_id;
	const char *operation; /* of the event; NULL: any */
	const char *code;
	const char *time;
};
const struct hl7_control *hl7_control_of(const struct hl7_place *place);

/* OBR-25 (table 0123) by what the report and its sample say. */
const char *hl7_result_status(const struct hl7_place *place);

/* OBX for each value of the order and, where the action is about it, for its document. */
void hl7_observations_append(const struct hl7_place *order, struct buf *out);
/* NTE for a text of the scope; nothing where it has none. `lead` stands before it. */
void hl7_note_append(const struct hl7_place *place, const char *lead, const char *path,
                     struct buf *out);
