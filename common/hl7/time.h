#pragma once
/* Instants as HL7 writes them (data type TS), in a time zone by name. */
#include "base/buf.h"

/* "Asia/Kolkata", "+05:30"; NULL and an unknown name: UTC. 20261121150000+0530 */
void hl7_time_append(struct buf *out, int64_t wall_ms, const char *zone);
/* The day there: 20261121. */
void hl7_date_append(struct buf *out, int64_t wall_ms, const char *zone);
