#pragma once
/*
 * Checked access to JSON (jansson holds the documents). Texts are UTF-8; numbers keep 15
 * significant digits, integers 63 bits. Nesting is bounded by JDOC_MAX_DEPTH.
 */
#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>

#define JDOC_MAX_DEPTH 64

static inline void jdoc_unrefp(json_t **p)
{
	json_decref(*p);
}
#define CLEANUP_JSON CLEANUP(jdoc_unrefp)

enum { JDOC_E_INVALID = 1, JDOC_E_ABSENT, JDOC_E_TYPE };

/* NULL when it is not JSON, too deep, or has bytes after its end; `why` has line and
 * column. */
json_t *jdoc_parse(const char *text, size_t len, struct err_text *why);
/*
 * The same of a stranger's document, with what JSON allows and documents here cannot hold:
 * NUL in a text becomes U+FFFD, an integer of more than 63 bits a real. 7.0 is 7.
 */
json_t *jdoc_parse_any(const char *text, size_t len, struct err_text *why);
/* Compact text. The caller frees. */
char *jdoc_dump(const json_t *doc, size_t *out_len);

/*
 * Typed getters of an object's member. 0, or JDOC_E_ABSENT (missing or null: *out
 * untouched), or JDOC_E_TYPE (`why` names the key and the wanted type). Texts are borrowed
 * from the object.
 */
int jdoc_int(const json_t *object, const char *key, int64_t *out, struct err_text *why);
int jdoc_bool(const json_t *object, const char *key, bool *out, struct err_text *why);
int jdoc_text(const json_t *object, const char *key, const char **out,
              struct err_text *why);

/* Lenient getters: the fallback when absent, null or of another type. */
int64_t jdoc_int_or(const json_t *object, const char *key, int64_t fallback);
double jdoc_real_or(const json_t *object, const char *key, double fallback);
bool jdoc_bool_or(const json_t *object, const char *key, bool fallback);
const char *jdoc_text_or(const json_t *object, const char *key, const char *fallback);

/* Member by path, "patient.full_name" or "items.0.test"; borrowed, NULL when absent. */
const json_t *jdoc_path(const json_t *doc, const char *path);

/* Setters that leave the member out when there is nothing to say. */
void jdoc_set_text(json_t *object, const char *key, const char *text); /* NULL: left out */
void jdoc_set_int(json_t *object, const char *key, int64_t value);
