#pragma once
/*
 * What became of an attempt. "Delivered" needs positive confirmation; everything else is a
 * FAIL with a kind that says what to do about it. One place decides (contract, "Logs").
 */
#include "base/util.h"

#include <stdbool.h>

/* The log's status, its word in MongoDB, on topics and in HTTP. */
#define STATUS_LIST(X)                                                                     \
	X(QUEUED, "QUEUED")                                                                \
	X(SUCCESS, "SUCCESS")                                                              \
	X(FAIL, "FAIL")                                                                    \
	X(SUPERSEDED, "SUPERSEDED")                                                        \
	X(SUPPRESSED, "")

enum log_status {
#define X(symbol, word) LOG_STATUS_##symbol,
	STATUS_LIST(X)
#undef X
};
const char *log_status_word(enum log_status status);
bool log_status_parse(const char *word, enum log_status *out);
static inline bool log_status_is_final(enum log_status status)
{
	return status != LOG_STATUS_QUEUED;
}

#define ERROR_KIND_LIST(X)                                                                 \
	X(NONE, "")                                                                        \
	X(TIMEOUT, "timeout")                                                              \
	X(CONNECT, "connect")                                                              \
	X(DNS, "dns")                                                                      \
	X(TLS, "tls")                                                                      \
	X(HTTP_STATUS, "http_status")                                                      \
	X(RESPONSE, "response") /* reset after the request, broken off, unreadable */      \
	X(NACK, "nack")                                                                    \
	X(AUTH, "auth")                                                                    \
	X(BLOCKED, "blocked")                                                              \
	X(CIRCUIT, "circuit")                                                              \
	X(STORAGE, "storage")                                                              \
	X(VENDOR, "vendor")                                                                \
	X(CONFIG, "config")                                                                \
	X(BUILD, "build")

enum error_kind {
#define X(symbol, word) ERROR_KIND_##symbol,
	ERROR_KIND_LIST(X)
#undef X
};
const char *error_kind_word(enum error_kind kind);
bool error_kind_parse(const char *word, enum error_kind *out);

/* The seeds' words, at the start of error_message. */
#define ERROR_TEXT_NO_RESPONSE     "No response"
#define ERROR_TEXT_CONNECT_TIMEOUT "Session.connect: SocketTimeoutException"

#define HTTP_CODE_SUPPRESSED 209
#define SUPPRESS_MESSAGE     "#NOTFORDASHBOARD"

/* SUCCESS for 2xx, SUPPRESSED for 209, else FAIL. */
enum log_status outcome_of_http_code(long code);
