#pragma once
/*
 * A message is a struct and a table: one row a member says its name, its shape and the
 * value that means "not said". Encoding and decoding walk the table, so a message's JSON
 * cannot drift from its struct. Unknown members are ignored: a newer program may say more.
 */
#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>

enum field_kind {
	FIELD_INT,    /* int */
	FIELD_INT64,  /* int64_t */
	FIELD_REAL,   /* double */
	FIELD_BOOL,   /* bool */
	FIELD_TEXT,   /* const char *, borrowed from the JSON */
	FIELD_OBJECT, /* const json_t *, an object, borrowed from the JSON */
	FIELD_ARRAY,  /* const json_t *, an array, borrowed from the JSON */
	FIELD_LOG_ID, /* struct log_id */
	FIELD_WORD,   /* an enum by its word: `parse` and `word` of the row */
};

struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
	bool required;
	int absent; /* FIELD_INT, FIELD_INT64, FIELD_REAL: left out when equal */
	bool (*parse)(const char *word, unsigned *out);
	const char *(*word)(unsigned value);
};

json_t *fields_encode(const struct field *fields, size_t n, const void *from);
/* MESSAGE_E_INVALID: `why` names the member and what it must be. `to` is zeroed before. */
int fields_decode(const struct field *fields, size_t n, const json_t *object, void *to,
                  struct err_text *why) MUST_CHECK;
/* A JSON text, repaired where the bytes are no UTF-8; null for NULL. */
json_t *fields_text(const char *text);

/* `parse` and `word` of an error_kind. */
bool fields_cause_parse(const char *word, unsigned *out);
const char *fields_cause_word(unsigned kind);
