/*
 * The path of a call, which may carry what it is called with. Its first segment is the
 * API's name; behind it only words are shown that APIs are made of.
 */
#include "phi/phi.h"

#include "base/buf.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

#define NAME_MAX_LEN 40

/* In the order of their letters. A plural counts as its singular. */
// clang-format off
static const char *const words[] = {
	"accept", "access", "accession", "add", "adt", "agenda", "all", "api",
	"appointment", "approve", "archive", "attachment", "auth", "authenticate",
	"availability", "barcode", "batch", "bill", "billing", "book", "booking", "bulk",
	"by", "callback", "cancel", "catalog", "catalogue", "center", "centre", "check",
	"claim", "client", "close", "collect", "collection", "complete", "config",
	"confirm", "confirmation", "consolidated", "count", "create", "data", "date",
	"delete", "deliver", "delivery", "department", "detail", "device", "diagnostic",
	"doctor", "document", "download", "draft", "edit", "event", "export", "external",
	"fetch", "fhir", "file", "find", "for", "form", "format", "from", "generate",
	"get", "health", "history", "hl7", "home", "hook", "id", "image", "import", "in",
	"inbound", "info", "insert", "integration", "invoice", "item", "json", "key",
	"lab", "ledger", "lh", "list", "log", "login", "logout", "machine", "manage",
	"master", "message", "new", "note", "notification", "notify", "observation",
	"of", "order", "org", "organisation", "organization", "orm", "oru", "outbound",
	"package", "partner", "patch", "patient", "payment", "pdf", "ping", "post",
	"price", "process", "profile", "provider", "public", "push", "put", "query",
	"receive", "record", "referral", "refund", "register", "registration", "reject",
	"remittance", "report", "request", "reset", "resource", "response", "rest",
	"result", "retry", "return", "route", "sample", "save", "schedule", "search",
	"send", "service", "session", "set", "settle", "settlement", "sign", "slot",
	"specimen", "state", "status", "structured", "submit", "summary", "sync",
	"template", "test", "time", "to", "token", "track", "transaction", "trigger",
	"type", "uncollect", "update", "upload", "upsert", "url", "user", "validate",
	"value", "verify", "version", "view", "visit", "void", "webhook", "with",
	"worklist", "xml",
};
// clang-format on

struct span {
	const char *text;
	size_t len;
};

static int compare(const void *key, const void *member)
{
	const struct span *wanted = key;
	const char *const *word = member;
	int order = strncasecmp(wanted->text, *word, wanted->len);

	return order ? order : -(int)((*word)[wanted->len] != '\0');
}

static bool is_listed(const char *text, size_t len)
{
	const struct span wanted = { text, len };

	return bsearch(&wanted, words, ARRAY_SIZE(words), sizeof(words[0]), compare) !=
	       NULL;
}

static bool is_known_word(const char *text, size_t len)
{
	return is_listed(text, len) ||
	       (len > 3 && (text[len - 1] | 0x20) == 's' && is_listed(text, len - 1));
}

/* Up to the next one of "sampleStatus", "APIKey", "get-report_list". */
static size_t word_len(const char *text, size_t len)
{
	size_t n = 1;

	for (; n < len && isalnum((unsigned char)text[n]); n++) {
		bool upper = isupper((unsigned char)text[n]) != 0;

		if (upper && (!isupper((unsigned char)text[n - 1]) ||
		              (n + 1 < len && islower((unsigned char)text[n + 1]))))
			break;
	}
	return n;
}

static bool is_mark(char c)
{
	return c == '-' || c == '_' || c == '.';
}

static bool is_of_known_words(const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		size_t n;

		if (is_mark(text[at])) {
			at++;
			continue;
		}
		n = word_len(text + at, len - at);
		if (!is_known_word(text + at, n))
			return false;
		at += n;
	}
	return len > 0;
}

/* v2, 2_3, 2.5.1: not a number alone, which may be anything's. */
static bool is_version(const char *text, size_t len)
{
	bool marked = len > 0 && (*text | 0x20) == 'v';

	for (size_t i = marked; i < len; i++) {
		if (i > 0 && i + 1 < len && (text[i] == '.' || text[i] == '_'))
			marked = true;
		else if (!isdigit((unsigned char)text[i]))
			return false;
	}
	return marked && len >= 2 && len <= 6;
}

/* Letters, and marks between them. */
static bool is_name(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalpha((unsigned char)text[i]) && !is_mark(text[i]))
			return false;
	return len <= NAME_MAX_LEN;
}

static bool is_shown(const char *text, size_t len, bool first)
{
	return len == 0 || is_version(text, len) || is_of_known_words(text, len) ||
	       (first && is_name(text, len));
}

char *phi_mask_path(const char *path)
{
	CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);
	size_t end = strcspn(path, "?#");
	bool first = true;

	for (size_t at = 0; at < end;) {
		size_t len = strcspn(path + at, "/?#");

		if (is_shown(path + at, len, first))
			buf_append(&out, path + at, len);
		else
			buf_append_str(&out, PHI_MASK);
		first &= len == 0;
		at += len;
		if (at < end)
			buf_append_char(&out, path[at++]);
	}
	if (path[end])
		buf_printf(&out, "%c" PHI_MASK, path[end]);
	return xstrdup(buf_str(&out));
}
