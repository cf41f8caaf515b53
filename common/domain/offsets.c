/*
 * Metadata is text, since clients treat it as a string: "r1:", then numbers, alternately
 * the length of a pending run and of a finished run, from the watermark upwards. A number
 * is written low digits first in an alphabet of 64 characters, five bits each and one that
 * says that more follow: a run below 32 costs one character.
 */
#include "domain/offsets.h"

static const char prefix[] = "r1:";
static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum { DIGIT_BITS = 5, DIGIT_MORE = 1 << DIGIT_BITS, NUMBER_DIGITS = 13 };

static bool read_number(const char **text, int64_t *out)
{
	uint64_t value = 0;

	for (int i = 0; i < NUMBER_DIGITS && **text; i++) {
		const char *at = strchr(alphabet, *(*text)++);
		if (!at)
			return false;
		uint64_t digit = (uint64_t)(at - alphabet);
		value |= (digit & (DIGIT_MORE - 1)) << (i * DIGIT_BITS);
		if (!(digit & DIGIT_MORE)) {
			*out = (int64_t)(value & INT64_MAX);
			return true;
		}
	}
	return false;
}

static size_t write_number(int64_t number, char out[NUMBER_DIGITS])
{
	uint64_t value = (uint64_t)number;
	size_t n = 0;

	do {
		uint64_t digit = value & (DIGIT_MORE - 1);
		value >>= DIGIT_BITS;
		out[n++] = alphabet[digit | (value ? DIGIT_MORE : 0)];
	} while (value && n < NUMBER_DIGITS);
	return n;
}

static void restore(struct offsets *o, const char *text)
{
	size_t cap = strlen(text) / 2;
	int64_t at = o->next, gap, run;

	o->restored = xcalloc(cap, sizeof(*o->restored));
	while (o->n_restored < cap && read_number(&text, &gap) &&
	       read_number(&text, &run)) {
		if (gap > INT64_MAX - at || run > INT64_MAX - at - gap)
			break;
		o->restored[o->n_restored++] =
			(struct offset_range){ .first = at + gap, .end = at + gap + run };
		at += gap + run;
	}
}

void offsets_init(struct offsets *o, int64_t committed, const char *metadata)
{
	*o = (struct offsets){ .next = committed < 0 ? -1 : committed };
	if (committed >= 0 && metadata && strncmp(metadata, prefix, strlen(prefix)) == 0)
		restore(o, metadata + strlen(prefix));
}

void offsets_deinit(struct offsets *o)
{
	free(o->pending);
	free(o->restored);
	*o = (struct offsets){ .next = -1 };
}

/* True when an earlier owner finished it. Ranges that lie behind are dropped. */
static bool was_finished(struct offsets *o, int64_t offset)
{
	size_t passed = 0;

	while (passed < o->n_restored && o->restored[passed].end <= offset)
		passed++;
	if (passed > 0) {
		o->n_restored -= passed;
		memmove(o->restored, o->restored + passed,
		        o->n_restored * sizeof(*o->restored));
	}
	return o->n_restored > 0 && o->restored[0].first <= offset;
}

static void push(struct offsets *o, int64_t offset)
{
	if (o->n_pending == o->cap) {
		o->cap = o->cap ? o->cap * 2 : 64;
		o->pending = xrealloc(o->pending, o->cap * sizeof(*o->pending));
	}
	o->pending[o->n_pending++] = offset;
}

bool offsets_begin(struct offsets *o, int64_t offset)
{
	if (offset < o->next && o->n_pending == 0 && o->changes == 0) {
		/* The topic was made anew, or read from its start on purpose: what the
		 * group remembers is about other messages. */
		o->n_restored = 0;
	} else if (offset < o->next) {
		return false;
	}
	o->changes++;
	o->next = offset + 1;
	if (was_finished(o, offset))
		return false;
	push(o, offset);
	return true;
}

static size_t lower_bound(const struct offsets *o, int64_t offset)
{
	size_t low = 0, high = o->n_pending;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (o->pending[mid] < offset)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void offsets_finish(struct offsets *o, int64_t offset)
{
	size_t at = lower_bound(o, offset);

	if (at == o->n_pending || o->pending[at] != offset)
		return;
	o->n_pending--;
	memmove(o->pending + at, o->pending + at + 1,
	        (o->n_pending - at) * sizeof(*o->pending));
	o->changes++;
}

int64_t offsets_watermark(const struct offsets *o)
{
	return o->n_pending > 0 ? o->pending[0] : o->next;
}

struct encoder {
	char *out;
	size_t len, size;
	int64_t at; /* everything below is described */
	bool complete;
};

/* Appends both numbers of a finished range, or neither. */
static void encode_range(struct encoder *e, int64_t first, int64_t end)
{
	char text[2 * NUMBER_DIGITS];

	if (first >= end || !e->complete)
		return;
	size_t n = write_number(first - e->at, text);
	n += write_number(end - first, text + n);
	if (e->len + n >= e->size) {
		e->complete = false;
		return;
	}
	memcpy(e->out + e->len, text, n);
	e->len += n;
	e->at = end;
}

bool offsets_encode(const struct offsets *o, char *out, size_t size)
{
	struct encoder e = {
		.out = out,
		.size = size,
		.at = offsets_watermark(o),
		.complete = size > sizeof(prefix),
	};

	if (e.complete) {
		memcpy(out, prefix, sizeof(prefix) - 1);
		e.len = sizeof(prefix) - 1;
	}
	for (size_t i = 0; i < o->n_pending; i++) {
		int64_t end = i + 1 < o->n_pending ? o->pending[i + 1] : o->next;
		encode_range(&e, o->pending[i] + 1, end);
	}
	for (size_t i = 0; i < o->n_restored; i++) {
		int64_t first = o->restored[i].first;
		encode_range(&e, first > o->next ? first : o->next, o->restored[i].end);
	}
	if (e.len == sizeof(prefix) - 1)
		e.len = 0; /* nothing to say */
	if (size > 0)
		out[e.len] = '\0';
	return e.complete;
}
