#pragma once
/*
 * What integration.status-updates says, as server-sent events, in a bounded ring. Every
 * replica reads all partitions from their ends. An event's id is the offsets that come next
 * of all partitions, so a stream can be resumed at another replica.
 *
 * Between them stand states of what is no log: a retry run, the fleet's health. They have
 * the id of what went before; told twice they do no harm.
 */
#include "dashboard.h"

#include <jansson.h>

#define FEED_PARTITIONS 32
#define FEED_RING       4096
#define FEED_ID_SIZE    (FEED_PARTITIONS * 21)

struct feed_position {
	size_t n;
	int64_t next[FEED_PARTITIONS];
};

/* The events, ended by their id. */
struct feed_frame {
	char *text;
	size_t len;
};
enum feed_reader { FEED_OPERATOR, FEED_VIEWER, FEED_READERS };

/* Of a state alone. */
struct feed_state {
	struct feed_position after;
	bool is_health; /* no frame: each reader has his own, of how it is by then */
	int64_t *labs;  /* who sees all of these sees it */
	size_t n_labs;
};

struct feed_entry {
	int64_t lab_id;
	int partition;
	int64_t offset;
	struct feed_frame frames[FEED_READERS]; /* the viewer's text NULL: as the other */
	struct feed_state *state;               /* NULL: a message of the topic */
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
void feed_entry_release(struct feed_entry *entry);
/* Takes what it holds. */
void feed_push(struct feed *f, const struct feed_entry *entry);
/* A run as retryrun_get has it, borrowed; what has changed of the health is not kept. */
void feed_push_run(struct feed *f, const json_t *run);
void feed_push_health(struct feed *f);
void feed_begin(struct feed *f, const struct feed_position *at);
void feed_release(struct feed *f);
/* Where a reader that has seen up to `p` goes on; false: something in between is gone. */
bool feed_resume(const struct feed *f, const struct feed_position *p, uint64_t *at);
/* Has that reader seen this entry? */
bool feed_has_seen(const struct feed_position *p, const struct feed_entry *entry);
const struct feed_frame *feed_frame_for(const struct feed_entry *entry,
                                        enum feed_reader reader);
/* One message as events: lab_id and frames; false: it is none. */
bool feed_read(struct feed_entry *entry, const char *value, size_t len,
               const struct feed_position *next) MUST_CHECK;
/* "event: ...\ndata: ...\n", without an id. */
void feed_append_event(struct buf *out, const char *name, const json_t *data);
