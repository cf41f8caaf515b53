#pragma once
/*
 * Text that others sent is not always UTF-8, while JSON and BSON must be. Pure functions
 * over bytes; NUL counts as invalid, because most of what stores text ends there.
 */
#include "base/util.h"

#include <stdbool.h>

bool utf8_valid(const char *text, size_t len);
/* The longest prefix of at most `limit` bytes that does not end within a character. */
size_t utf8_cut(const char *text, size_t len, size_t limit);
/* A terminated copy where each invalid byte became U+FFFD. The caller frees. */
char *utf8_repair(const char *text, size_t len, size_t *out_len);
