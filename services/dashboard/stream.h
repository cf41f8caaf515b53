#pragma once
/* The open streams of server-sent events, on the loop thread. */
#include "call.h"

struct stream *stream_start(struct dashboard *d); /* in start(): it makes a pipeline */
/* Answers the call with a stream; the call is released. */
void stream_take(struct stream *s, struct call *call);
struct watch *stream_watch(struct stream *s); /* what feeds it with states */
size_t stream_count(const struct stream *s);
void stream_drain(struct stream *s); /* ends the streams */
struct stream *stream_stop(struct stream *s);
