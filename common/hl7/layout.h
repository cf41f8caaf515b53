#pragma once
/*
 * How a segment is laid out: a table of its fields in ascending order, ending with a row
 * without a number (HL7_END). Paths are members of the order that the segment is about, and
 * with a leading '/' of the scope; of several, divided by '|', the first that says
 * something counts. Internal to hl7/.
 */
#include "hl7/hl7.h"

/* Where a segment is written: what its paths start from. */
struct hl7_place {
	const struct hl7_source *source;
	enum hl7_message message;
	const json_t *here; /* the order: an object with `test`, `report`, `sample` … */
	int index;          /* its number from 1: the Set ID */
	const char *zone;   /* of the lab */
	const void *about;  /* what the makers of this segment's fields know; NULL */
};

enum hl7_as {
	HL7_AS_TEXT,
	HL7_AS_LINES,  /* text that keeps its line breaks */
	HL7_AS_DIGITS, /* what of a text is digits */
	HL7_AS_TIME,
	HL7_AS_DATE,
};

enum { /* where a field is written at all; several of a kind: in any of them */
       HL7_IN_2_3 = 1,
       HL7_IN_2_5_1 = 2,
       HL7_IN_ORM = 4,
       HL7_IN_ORU = 8,
};

struct hl7_field {
	int at; /* its number in the segment; of a part, in the field */
	const char *path;
	enum hl7_as as;
	const char
		*text; /* as it stands; alone it does not make a field's parts worth it */
	const struct hl7_field *parts; /* components */
	void (*make)(const struct hl7_place *place, struct buf *out);
	unsigned in; /* HL7_IN_…; 0: everywhere */
};

#define HL7_PATH(n, p)                                                                     \
	{                                                                                  \
		.at = (n), .path = (p)                                                     \
	}
#define HL7_LINES(n, p)                                                                    \
	{                                                                                  \
		.at = (n), .path = (p), .as = HL7_AS_LINES                                 \
	}
#define HL7_DIGITS(n, p)                                                                   \
	{                                                                                  \
		.at = (n), .path = (p), .as = HL7_AS_DIGITS                                \
	}
#define HL7_TIME(n, p)                                                                     \
	{                                                                                  \
		.at = (n), .path = (p), .as = HL7_AS_TIME                                  \
	}
#define HL7_DATE(n, p)                                                                     \
	{                                                                                  \
		.at = (n), .path = (p), .as = HL7_AS_DATE                                  \
	}
#define HL7_TEXT(n, t)                                                                     \
	{                                                                                  \
		.at = (n), .text = (t)                                                     \
	}
#define HL7_PARTS(n, f)                                                                    \
	{                                                                                  \
		.at = (n), .parts = (f)                                                    \
	}
#define HL7_MAKE(n, m)                                                                     \
	{                                                                                  \
		.at = (n), .make = (m)                                                     \
	}
#define HL7_END                                                                            \
	{                                                                                  \
		.at = 0                                                                    \
	}

/* Appends "NAME|…" and CR. `name` may hold fields already: "MSH|^~\&". */
void hl7_segment_append(const struct hl7_place *place, const char *name,
                        const struct hl7_field *fields, struct buf *out);
/* The components, without those that are empty at the end. */
void hl7_parts_append(const struct hl7_place *place, const struct hl7_field *parts,
                      struct buf *out);

/* The value that a path finds; NULL when there is none, or it is null or "". Borrowed. */
const json_t *hl7_find(const struct hl7_place *place, const char *path);
/* Its text, "" when there is none; of what is no text `room`. */
#define HL7_NUMBER_SIZE 32
const char *hl7_text_of(const json_t *value, char room[HL7_NUMBER_SIZE]);
/* Appends it, escaped. */
void hl7_leaf_append(const struct hl7_place *place, const char *path, enum hl7_as as,
                     struct buf *out);
bool hl7_has(const struct hl7_place *place, const char *path);
/* Whether its text is this. */
bool hl7_is(const struct hl7_place *place, const char *path, const char *text);
