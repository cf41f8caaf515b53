#pragma once
/* The internal tokens, kept as hashes: comparing takes the same time whatever differs. */
#include "config/config.h"

#include <stdbool.h>

struct tokens_config {
	char *current;  /* INTERNAL_TOKEN */
	char *previous; /* "" = none */
};
extern const struct config_key tokens_config_keys[];

struct tokens;
struct tokens *tokens_new(const char *current, const char *previous); /* "" = none */
struct tokens *tokens_free(struct tokens *t);
bool tokens_accept(const struct tokens *t, const char *presented); /* NULL: false */
