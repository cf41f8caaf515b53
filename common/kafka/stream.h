#pragma once
/*
 * The stream consumer: for one event loop's thread, never blocks. stream_fd() is readable
 * when stream_poll() has work. Every callback runs inside stream_poll, on its thread.
 *
 * Life of a partition: assigned() with what the group had committed -> message()... ->
 * revoked(); the owner ends what is under way, notes its last stream_commit and calls
 * stream_revoke_done; only then, with the commits acknowledged, the partition goes to
 * another member. Messages of a revoked partition no longer come.
 */
#include "kafka/kafka.h"

struct stream;

/*
 * A received message with its own memory (one allocation). A copy on purpose: librdkafka's
 * messages share the response they came in, so one that is kept long would hold up to
 * 1 MiB of neighbours. Key, value and header values are followed by a NUL.
 */
struct kafka_held {
	struct kafka_message m;
	size_t bytes; /* of memory, all in all: what a memory bound counts */
};
struct kafka_held *kafka_held_free(struct kafka_held *h);

struct stream_partition {
	enum kafka_topic topic;
	int partition;
};

struct stream_callbacks {
	/* The message is the callee's, to free. In order within a partition. */
	void (*message)(struct kafka_held *h, void *arg);
	/*
	 * Before the first message. `committed`: the offset it starts at, -1 = none yet (it
	 * starts at the beginning). `metadata`: what went with it, "" = none; borrowed.
	 */
	void (*assigned)(enum kafka_topic topic, int partition, int64_t committed,
	                 const char *metadata, void *arg);
	/*
	 * All of `parts` are leaving. Not lost: finish or give up what is under way,
	 * commit, then stream_revoke_done (also from inside), within the owner's own
	 * deadline (the group waits meanwhile, at most 10 min). Lost (another member has
	 * them already): nothing is awaited, commits for them are ignored.
	 */
	void (*revoked)(const struct stream_partition *parts, size_t n, bool lost,
	                void *arg);
	/* After stream_close: the group is left (or the deadline passed). Free it now or
	 * later, but not inside the callback. */
	void (*closed)(void *arg);
	void *arg;
};

struct stream_options {
	const char *group; /* without the prefix */
	const enum kafka_topic *topics;
	size_t n_topics;
	struct stream_callbacks callbacks;
};

int stream_open(const struct kafka_config *config, const struct stream_options *options,
                struct stream **out, struct err_text *why) MUST_CHECK;
struct stream *stream_free(struct stream *s); /* without closing: as if the process died */

int stream_fd(const struct stream *s); /* level-triggered; owned by s */
/* Hands out at most `max` messages; the fd stays readable when there are more. */
void stream_poll(struct stream *s, size_t max);

void stream_revoke_done(struct stream *s);

/*
 * Notes the offset to commit (the next one to read) and its metadata (text, at most 4095
 * bytes, copied; NULL = none). Sent by the next stream_commit_send, all partitions in one
 * request, one request at a time; a failed one is repeated. Partitions that are not ours
 * are ignored.
 */
void stream_commit(struct stream *s, enum kafka_topic topic, int partition, int64_t offset,
                   const char *metadata);
void stream_commit_send(struct stream *s);

/* Up to `max` messages of the running stream_poll may still come. Idempotent; a partition
 * that is assigned is not paused. */
void stream_pause(struct stream *s, enum kafka_topic topic, int partition);
void stream_resume(struct stream *s, enum kafka_topic topic, int partition);

bool stream_ready(
	const struct stream *s); /* brokers seen, assignment received; any thread */

/*
 * Leaves the group: revoked() for all, then closed(), until `deadline_ms` (monotonic) at
 * the latest. Keep polling.
 */
void stream_close(struct stream *s, int64_t deadline_ms);
