#pragma once
/*
 * The id of a log: 12 bytes, a MongoDB ObjectId. It travels through the whole chain (task,
 * request, callback, retry records), as 24 lower-case hex digits, or as 20 characters of
 * base32hex where HL7 leaves only 20 (MSH-10; domain.md 3.3).
 */
#include "base/util.h"

#include <stdbool.h>

struct log_id {
	uint8_t bytes[12];
};

#define LOG_ID_HEX_SIZE    25 /* with the terminator */
#define LOG_ID_BASE32_SIZE 21

const char *log_id_to_hex(const struct log_id *id, char out[LOG_ID_HEX_SIZE]);
const char *log_id_to_base32(const struct log_id *id, char out[LOG_ID_BASE32_SIZE]);
/* Accepts 24 hex digits or 20 base32hex characters, any case. */
bool log_id_parse(const char *text, struct log_id *out);
static inline bool log_id_equal(const struct log_id *a, const struct log_id *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
