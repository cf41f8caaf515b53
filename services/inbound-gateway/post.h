#pragma once
/*
 * POST /inbound-calls: records made elsewhere, one or an array of them. They are read on a
 * worker, and answered when they are on the disk.
 */
#include "call.h"

struct posts *posts_open(struct gateway *gw);
struct posts *posts_close(struct posts *p);

void post_begin(struct call *call); /* may answer, and so end the call */
void post_take_body(struct post *post, const char *data, size_t len);
void post_complete(struct post *post);
void post_submit(struct post *post);
void post_abandon(struct post *post); /* its call ends */
