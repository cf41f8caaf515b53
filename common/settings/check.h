#pragma once
/*
 * Every fault of a row before it is saved: the checks of settings/row.h, which each service
 * applies to what it reads, over JSON. Pure.
 */
#include "secrets/keyring.h"
#include "settings/details.h"

/*
 * `row` has lab_integration's columns by name (to_jsonb(r), or what a form sends); missing
 * ones count as null, and a column of another type than the table's is a fault;
 * `auth_headers` may have those of its developer_authentication. Sealed
 * secrets are opened with `keys`, bound to the row's `id`. Each fault begins with the
 * column's name, says the remedy, and quotes no value. Returns how many there are.
 */
size_t settings_row_check(const json_t *row, const struct keyring *keys,
                          settings_say_fn say, void *arg);
