#pragma once
/*
 * The pipeline that takes records off the journal, in their order, to the topic. A record
 * is done with when the broker has it; what it does not take is sent again, in order.
 */
#include "gateway.h"

struct sender *sender_open(struct gateway *gw);
struct sender *sender_close(struct sender *s);
int sender_run(struct service_ctx *ctx, void *gateway);
/* Any thread: there is something in the journal. */
void sender_wake(struct sender *s);

/* A message that was made elsewhere, as a piece of the journal. */
void sender_append_message(struct buf *out, int64_t lab_id, const char *json, size_t len);
