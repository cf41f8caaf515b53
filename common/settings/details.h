#pragma once
/*
 * integration_extra_details: the one table of its keys (contract, "PostgreSQL"), with what
 * is right for each and which are secrets. What saves a row checks with it, and what uses a
 * row does too. Pure.
 */
#include "base/err.h"

#include <jansson.h>

enum { SETTINGS_E_DETAILS = 1 };

/* One fault: it names the key and the remedy, never a value. */
typedef void (*settings_say_fn)(void *arg, const char *fault);

/* Says every fault of opened details. Null counts as absent. */
void settings_details_check(const json_t *details, settings_say_fn say, void *arg);

/* Says what a row needs besides whose files go over SFTP. */
void settings_details_check_sftp(const json_t *details, settings_say_fn say, void *arg);

/* Says what a row needs besides whose faxes go through `vendor`; NULL: an unknown one. */
struct fax_vendor;
void settings_details_check_fax(const json_t *details, const struct fax_vendor *vendor,
                                settings_say_fn say, void *arg);

/*
 * Each secret text of these, with its path ("integration_extra_details.auth.token",
 * "headers.Authorization"): what `fn` returns (malloc'd) takes its place; NULL leaves it.
 * A header is a secret by its name (secrets/mask.h).
 */
typedef char *(*settings_secret_fn)(void *arg, const char *path, const char *text);
void settings_details_secrets(json_t *details, settings_secret_fn fn, void *arg);
void settings_headers_secrets(json_t *headers, settings_secret_fn fn, void *arg);
