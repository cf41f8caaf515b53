#include "payload/documents.h"

#include "json/jdoc.h"

#include <ctype.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>

#define PREFIX_BYTES 16
#define PREFIX_LEN   (9 + 2 * PREFIX_BYTES + 1) /* "document-", hex, "-" */
#define ID_DIGITS    19

static char prefix[PREFIX_LEN + 1];

static void draw(void)
{
	unsigned char random[PREFIX_BYTES];
	char hex[2 * PREFIX_BYTES + 1];

	randombytes_buf(random, sizeof(random));
	(void)sodium_bin2hex(hex, sizeof(hex), random, sizeof(random));
	(void)snprintf(prefix, sizeof(prefix), "document-%s-", hex);
}

static const char *marker_prefix(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, draw);
	return prefix;
}

const char *payload_document_marker(int64_t document_id,
                                    char out[PAYLOAD_DOCUMENT_MARKER_SIZE])
{
	(void)snprintf(out, PAYLOAD_DOCUMENT_MARKER_SIZE, "%s%0*lld", marker_prefix(),
	               ID_DIGITS, (long long)document_id);
	return out;
}

const char *payload_document_find(const char *text, size_t len, size_t *marker_len,
                                  int64_t *document_id)
{
	char digits[ID_DIGITS + 1] = "";
	const char *found = memmem(text, len, marker_prefix(), PREFIX_LEN);

	if (!found || (size_t)(text + len - found) < PREFIX_LEN + ID_DIGITS)
		return NULL;
	memcpy(digits, found + PREFIX_LEN, ID_DIGITS);
	*marker_len = PREFIX_LEN + ID_DIGITS;
	*document_id = strtoll(digits, NULL, 10);
	return found;
}

enum { SCOPE_DEPTH = 16, NAME_MAX_BYTES = 80 };

/* The first object with this document_id (and a name); NULL: none. */
static const json_t *search(const json_t *value, int64_t document_id, bool named, int depth)
{
	const json_t *found = NULL, *member;
	const char *key;
	size_t i;

	if (depth == 0)
		return NULL;
	if (json_is_array(value)) {
		json_array_foreach (value, i, member)
			if ((found = search(member, document_id, named, depth - 1)))
				break;
		return found;
	}
	if (jdoc_int_or(value, "document_id", 0) == document_id &&
	    (!named || json_object_get(value, "name")))
		return value;
	json_object_foreach ((json_t *)(uintptr_t)value, key, member)
		if ((found = search(member, document_id, named, depth - 1)))
			break;
	return found;
}

/* What describes this document. A name is put into a copy of its row, beside their list. */
static const json_t *find_facts(const json_t *scope, int64_t document_id)
{
	const json_t *named = search(scope, document_id, true, SCOPE_DEPTH);

	return named ? named : search(scope, document_id, false, SCOPE_DEPTH);
}

/* Safe in any format, and as the name of a file. */
static void name_of(const json_t *facts, int64_t document_id, char out[NAME_MAX_BYTES])
{
	const char *name = jdoc_text_or(facts, "name", "");

	if (*name == '\0' || *name == '.')
		(void)snprintf(out, NAME_MAX_BYTES, "document-%lld.pdf",
		               (long long)document_id);
	else
		(void)snprintf(out, NAME_MAX_BYTES, "%s", name);
	for (char *p = out; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-._", *p))
			*p = '_';
}

static void append_words(struct buf *out, const json_t *scope, int64_t document_id,
                         enum payload_document_words words)
{
	const json_t *facts = find_facts(scope, document_id);
	const char *sha256 = jdoc_text_or(facts, "sha256", "");
	char name[NAME_MAX_BYTES];

	if (strspn(sha256, "0123456789abcdef") != strlen(sha256))
		sha256 = "";
	if (words == PAYLOAD_DOCUMENT_HASHED) {
		/* of a document without a hash, which one it is */
		if (*sha256)
			buf_append_str(out, sha256);
		else
			buf_printf(out, "document-%lld", (long long)document_id);
		return;
	}
	name_of(facts, document_id, name);
	buf_printf(out, "[%s, %lld bytes, sha256 %s]", name,
	           (long long)jdoc_int_or(facts, "byte_size", 0), sha256);
}

void payload_documents_replace(const char *text, size_t len, const json_t *scope,
                               enum payload_document_words words, struct buf *out)
{
	const char *at = text, *end = text + len, *found;
	size_t marker_len;
	int64_t id;

	while ((found = payload_document_find(at, (size_t)(end - at), &marker_len, &id))) {
		buf_append(out, at, (size_t)(found - at));
		append_words(out, scope, id, words);
		at = found + marker_len;
	}
	buf_append(out, at, (size_t)(end - at));
}

static json_t *entry(int64_t document_id, const json_t *scope)
{
	json_t *out = json_object();
	char name[NAME_MAX_BYTES];

	name_of(find_facts(scope, document_id), document_id, name);
	jdoc_set_int(out, "document_id", document_id);
	jdoc_set_text(out, "name", name);
	return out;
}

json_t *payload_document_beside(int64_t document_id, const json_t *scope)
{
	return entry(document_id, scope);
}

json_t *payload_documents_take(struct buf *body, const json_t *scope)
{
	char *to = body->data, *at = to, *end = at ? at + body->len : NULL;
	const char *found;
	json_t *list = NULL;
	size_t marker_len;
	int64_t id;

	while (at &&
	       (found = payload_document_find(at, (size_t)(end - at), &marker_len, &id))) {
		size_t before = (size_t)(found - at);
		json_t *place = entry(id, scope);

		memmove(to, at, before);
		to += before;
		at += before + marker_len;
		jdoc_set_int(place, "offset", to - body->data);
		if (!list)
			list = json_array();
		(void)json_array_append_new(list, place);
	}
	if (!list)
		return NULL;
	memmove(to, at, (size_t)(end - at));
	body->len = (size_t)(to + (end - at) - body->data);
	body->data[body->len] = '\0';
	return list;
}
