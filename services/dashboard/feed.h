#pragma once
/*
 * What integration.status-updates says, as server-sent events, in a bounded ring. Every
 * replica reads all partitions from their ends. An event's id is the offsets that come next
 * of all partitions, so a stream can be resumed at another replica.
 */
#include "dashboard.h"

#define FEED_PARTITIONS 32
#define FEED_RING       4096
#define FEED_ID_SIZE    (FEED_PARTITIONS * 21)

struct feed_position {
	size_t n;
	int64_t next[FEED_PARTITIONS];
};

struct feed_entry {
	int64_t lab_id;
	int partition;
	int64_t offset;
	char *frame; /* the events, ended by their id */
	size_t len;
};

/* The ring: on the loop thread. Entries are numbered for ever; [first, end) are there. */
struct feed {
	struct feed_entry ring[FEED_RING];
	uint64_t first, end;
	bool ready;                /* the topic is being read */
	struct feed_position from; /* what the ring surely has, from there on */
	struct feed_position next; /* behind the newest */
};

const char *feed_id(const struct feed_position *p, char out[FEED_ID_SIZE]);
bool feed_id_parse(const char *text, struct feed_position *out);
/* Takes the frame. */
void feed_push(struct feed *f, const struct feed_entry *entry);
void feed_begin(struct feed *f, const struct feed_position *at);
void feed_release(struct feed *f);
/* Where a reader that has seen up to `p` goes on; false: something in between is gone. */
bool feed_resume(const struct feed *f, const struct feed_position *p, uint64_t *at);
/* Has that reader seen this entry? */
bool feed_has_seen(const struct feed_position *p, const struct feed_entry *entry);
/* One message as events; NULL when it is none. The caller frees. */
char *feed_frame(const char *value, size_t len, const struct feed_position *next,
                 int64_t *lab_id, size_t *out_len);
