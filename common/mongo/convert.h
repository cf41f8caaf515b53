#pragma once
/*
 * JSON and texts of others into BSON that every MongoDB-like store takes: texts are
 * repaired to UTF-8 without NULs, integers become int64, and in names of members `.`
 * becomes U+FF0E and a leading `$` U+FF04, because Amazon DocumentDB refuses them (HTTP
 * header names may hold both).
 */
#include "base/util.h"

#include <bson/bson.h>
#include <jansson.h>

/* NULL appends null. */
void convert_append_text(bson_t *to, const char *key, const char *text);
void convert_append_text_len(bson_t *to, const char *key, const char *text, size_t len);
void convert_append_json(bson_t *to, const char *key, const json_t *value);
/* MongoDB extended JSON, canonical: types survive the way back. New reference. */
json_t *convert_to_json(const bson_t *document);
/* NULL when it is no extended JSON. */
bson_t *convert_from_json(const json_t *document);
/* For people and programs that read: times as ISO texts, ids as hex. New reference. */
json_t *convert_to_plain_json(const bson_t *document);
json_t *convert_plain_value(const bson_iter_t *value);
