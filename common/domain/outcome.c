#include "domain/outcome.h"

static const char *const status_words[] = {
#define X(symbol, word) [LOG_STATUS_##symbol] = (word),
	STATUS_LIST(X)
#undef X
};

static const char *const kind_words[] = {
#define X(symbol, word) [ERROR_KIND_##symbol] = (word),
	ERROR_KIND_LIST(X)
#undef X
};

static bool find_word(const char *const *words, size_t n, const char *word, unsigned *out)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(words[i], word) == 0) {
			*out = (unsigned)i;
			return true;
		}
	}
	return false;
}

const char *log_status_word(enum log_status status)
{
	return status_words[status];
}

bool log_status_parse(const char *word, enum log_status *out)
{
	unsigned found;

	if (!find_word(status_words, ARRAY_SIZE(status_words), word, &found))
		return false;
	*out = (enum log_status)found;
	return true;
}

const char *error_kind_word(enum error_kind kind)
{
	return kind_words[kind];
}

bool error_kind_parse(const char *word, enum error_kind *out)
{
	unsigned found;

	if (!find_word(kind_words, ARRAY_SIZE(kind_words), word, &found))
		return false;
	*out = (enum error_kind)found;
	return true;
}

enum log_status outcome_of_http_code(long code)
{
	static const struct {
		long first, last;
		enum log_status status;
	} rules[] = {
		/* first match wins, so the exception precedes its range */
		{ .first = HTTP_CODE_SUPPRESSED,
		  .last = HTTP_CODE_SUPPRESSED,
		  .status = LOG_STATUS_SUPPRESSED },
		{ .first = 200, .last = 299, .status = LOG_STATUS_SUCCESS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (code >= rules[i].first && code <= rules[i].last)
			return rules[i].status;
	return LOG_STATUS_FAIL;
}
