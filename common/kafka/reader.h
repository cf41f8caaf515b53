#pragma once
/*
 * Looks into a topic without being part of a consumer group: for tools. Nothing is
 * committed. Blocking; one thread.
 */
#include "kafka/kafka.h"

enum kafka_reader_start {
	KAFKA_READER_FROM_BEGINNING,
	KAFKA_READER_FROM_END, /* only what comes from now on */
};

struct kafka_reader;
int kafka_reader_open(const struct kafka_config *config, enum kafka_topic topic,
                      enum kafka_reader_start start, int64_t deadline_ms,
                      struct kafka_reader **out, struct err_text *why) MUST_CHECK;
/* One partition from an offset on. */
int kafka_reader_open_at(const struct kafka_config *config, enum kafka_topic topic,
                         int partition, int64_t offset, int64_t deadline_ms,
                         struct kafka_reader **out, struct err_text *why) MUST_CHECK;
/* Of each partition the last `count` messages below before[i]; without one below its end.
 */
struct kafka_reader_back {
	const int64_t *before;
	size_t n_before;
	int64_t count;
};
/* kafka_reader_at_end is true when all of them were given; later ones may come as well. */
int kafka_reader_open_before(const struct kafka_config *config, enum kafka_topic topic,
                             const struct kafka_reader_back *back, int64_t deadline_ms,
                             struct kafka_reader **out, struct err_text *why) MUST_CHECK;
struct kafka_reader *kafka_reader_close(struct kafka_reader *r);
/* False: nothing came in time. *out lives until the next call. */
bool kafka_reader_next(struct kafka_reader *r, int wait_ms, struct kafka_message *out);
/* The offset that comes next of this partition; -1: there is no such partition. */
int64_t kafka_reader_position(const struct kafka_reader *r, int partition);
/* Everything that was there when the reader was opened has been handed out. */
bool kafka_reader_at_end(const struct kafka_reader *r);

/* The topic of a name with the prefix (a header source_topic); KAFKA_TOPIC_COUNT: none. */
enum kafka_topic kafka_topic_find(const struct kafka_config *config, const char *full_name,
                                  size_t len);

/*
 * What a message of integration.failed-tasks was before it failed: bytes, key, its own
 * headers (`headers` has room for m->n_headers), to the topic it came from. False: its
 * source_topic is none of the fleet's.
 */
bool kafka_failed_original(const struct kafka_config *config, const struct kafka_message *m,
                           struct kafka_header *headers,
                           struct kafka_message *out) MUST_CHECK;
