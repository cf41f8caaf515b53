#include "commits.h"

#include "base/clock.h"
#include "intake.h"
#include "lanes.h"
#include "log/log.h"
#include "newest.h"
#include "parking.h"

#include <event2/event.h>

enum {
	COMMIT_MS = 100,
	REVOKE_MS = 10000,
	DRAIN_RESERVE_MS = 1500, /* of the drain's time: last commit, leaving the group */
};

static void commit(struct dispatcher *d, struct source *s)
{
	char metadata[OFFSETS_METADATA_SIZE];

	if (s->offsets.changes == s->committed)
		return;
	(void)offsets_encode(&s->offsets, metadata, sizeof(metadata));
	stream_commit(d->stream, s->topic, s->partition, offsets_watermark(&s->offsets),
	              metadata);
	s->committed = s->offsets.changes;
}

static bool revoked_are_idle(const struct dispatcher *d)
{
	const struct source *s;

	LIST_FOREACH(s, &d->sources, link)
	if (s->revoked && s->busy > 0)
		return false;
	return true;
}

static void let_go(struct source *s)
{
	LIST_REMOVE(s, link);
	s->gone = true;
	source_unref(s);
}

static void finish_revocation(struct dispatcher *d)
{
	struct source *s = LIST_FIRST(&d->sources);

	d->revoking = false;
	while (s) {
		struct source *next = LIST_NEXT(s, link);

		if (s->revoked) {
			if (s->busy > 0)
				log_warn(NULL, "dispatch.revoked_busy",
				         "partition %d left with %u under way; the next "
				         "owner may repeat them",
				         s->partition, s->busy);
			commit(d, s);
			let_go(s);
		}
		s = next;
	}
	stream_revoke_done(d->stream);
}

static void check_revocation(struct dispatcher *d)
{
	if (d->revoking &&
	    (revoked_are_idle(d) || clock_mono_ms() >= d->revoke_deadline_ms))
		finish_revocation(d);
}

void commits_settled(struct dispatcher *d, struct source *s)
{
	if (s->revoked && s->busy == 0)
		check_revocation(d);
}

static struct source *find(struct dispatcher *d, const struct stream_partition *p)
{
	struct source *s;

	LIST_FOREACH(s, &d->sources, link)
	if (s->topic == p->topic && s->partition == p->partition)
		return s;
	return NULL;
}

static int64_t revoke_deadline(const struct dispatcher *d)
{
	int64_t deadline = clock_mono_ms() + REVOKE_MS;
	int64_t drain = service_drain_deadline(d->ctx);

	if (!d->draining)
		return deadline;
	return drain - DRAIN_RESERVE_MS; /* leaving for good: all the time there is */
}

void commits_revoked(const struct stream_partition *parts, size_t n, bool lost, void *arg)
{
	struct dispatcher *d = arg;

	for (size_t i = 0; i < n; i++) {
		struct source *s = find(d, &parts[i]);

		if (!s)
			continue;
		lanes_drop_source(d, s);
		parking_drop_source(d, s);
		if (s->topic == KAFKA_TOPIC_TASKS)
			order_drop_parked(d->order, s->partition);
		newest_forget(d);
		s->full = NULL; /* nothing of it waits in a lane */
		if (lost)
			let_go(s);
		else
			s->revoked = true;
	}
	intake_balance(d);
	if (lost)
		return;
	d->revoking = true;
	d->revoke_deadline_ms = revoke_deadline(d);
	check_revocation(d);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct dispatcher *d = arg;
	struct source *s;

	LIST_FOREACH(s, &d->sources, link)
	commit(d, s);
	stream_commit_send(d->stream);
	check_revocation(d);
}

void commits_open(struct dispatcher *d)
{
	static const struct timeval period = { .tv_usec = COMMIT_MS * 1000 };

	d->commit_event = event_new(service_loop(d->ctx), -1, EV_PERSIST, on_timer, d);
	(void)event_add(d->commit_event, &period);
}
