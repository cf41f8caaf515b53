#pragma once
/* The types of configuration values: text to field and back. Only for common/config. */
#include "config/config.h"

/*
 * Writes the field (a text is copied: the struct's). Returns NULL, or the fault as a fixed
 * sentence without the value; where the value is out of range *out_range says the range
 * (the caller frees).
 */
const char *config_parse(const struct config_key *key, const char *text, void *field,
                         char **out_range);
bool config_type_is_text(enum config_type type);
const char *config_type_name(enum config_type type);
/* "1ms to 10m", "" when nothing is checked. The caller frees. */
char *config_range_text(const struct config_key *key);
/* A URL without user, password and query: what may be shown. The caller frees. */
char *config_url_shown(const char *url);
