#pragma once
/*
 * Before the fields: what of the context the event means (which payment, which items), put
 * beside the context under names of its own: active_items, payment, paid_items,
 * received_payments, added_items. Internal to payload/.
 */
#include "payload/payload.h"

/* 0, PAYLOAD_E_BUILD or PAYLOAD_E_SUPERSEDED. Changes `scope`. */
int payload_select(const struct action *action, json_t *scope,
                   struct err_text *why) MUST_CHECK;
