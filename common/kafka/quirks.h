#pragma once
/*
 * Internal to common/kafka: what a consumer has to do because of how librdkafka 2.0.2 (that
 * of Debian 12) behaves. Each was measured; later versions mend some.
 */
#include <librdkafka/rdkafka.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Leaving. With cooperative-sticky, rd_kafka_consumer_close tells the group nothing and the
 * partitions idle until the session ends. So: unsubscribe, poll until nothing is owned, and
 * this much longer, for the request to go out; then close.
 */
#define QUIRK_LEAVE_MS 200

/*
 * Fetching stops when the queue is full, and is thought of again only when the broker's
 * thread happens to wake: up to a second later. So whoever takes messages counts them, and
 * after half a queue the threads are woken by the cheapest question to every partition's
 * leader. Resumed partitions need the same. Waits at most 2 ms.
 */
#define FETCH_QUEUE_MESSAGES "2000"
#define FETCH_QUEUE_KBYTES   "2048"

struct fetch_waker {
	size_t messages, bytes;
};
void fetch_waker_count(struct fetch_waker *w, rd_kafka_t *rk,
                       rd_kafka_message_t *const *taken, ssize_t n);
void fetch_wake(rd_kafka_t *rk);

/*
 * Committing while the group is being joined. A join blocks the coordinator's connection
 * until every member has joined; a commit behind it arrives with the generation of before,
 * is refused, and librdkafka then takes the whole assignment for lost. So no commits from
 * the moment a join is sent until its assignment is there. (Commits that go out with a
 * revocation are safe: the next join follows them.)
 *
 * Destroying a member that has joined but never had an assignment fails an assertion of
 * librdkafka's, and destroying one whose coordinator does not answer blocks for long. The
 * process is about to end in both cases: the first is left alone, the second given a second
 * and then left to itself.
 *
 * Brokers that are back. librdkafka says when all are down, not when one is back. To ask is
 * no way: a request that waits for a broker makes its thread reconnect without any pause,
 * some ten thousand times a second, which a machine that starts the broker feels. So the
 * answers are watched to what a member sends anyhow.
 */
struct join_watch {
	atomic_bool joining;
	atomic_bool assigned_once;
	atomic_bool answered; /* by any broker, since it was last looked at */
};
struct join_watch *join_watch_new(rd_kafka_conf_t *conf);
static inline bool join_under_way(const struct join_watch *watch)
{
	return atomic_load(&watch->joining);
}
static inline bool brokers_answered(struct join_watch *watch)
{
	return atomic_exchange(&watch->answered, false);
}
/* Destroys the client, without the blocking close, and the watch. */
void join_watch_destroy(struct join_watch *watch, rd_kafka_t *rk);
