#include "phi/phi.h"

#include "base/buf.h"

#include <ctype.h>
#include <strings.h>

/* Headers whose values are the protocol's, not the message's. */
static const char *const plain[] = {
	"accept",
	"accept-encoding",
	"allow",
	"cache-control",
	"connection",
	"content-encoding",
	"content-length",
	"content-type",
	"date",
	"host",
	"keep-alive",
	"retry-after",
	"server",
	"traceparent",
	"transfer-encoding",
	"user-agent",
	"vary",
	"webhook-id",
	"webhook-timestamp",
};

static bool is_plain(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(plain); i++)
		if (strcasecmp(plain[i], name) == 0)
			return true;
	return false;
}

json_t *phi_mask_headers(const json_t *headers)
{
	json_t *out = json_object(), *value;
	const char *name;

	json_object_foreach ((json_t *)(uintptr_t)headers, name, value)
		(void)json_object_set_new(out, name,
		                          is_plain(name) ? json_incref(value)
		                                         : json_string(PHI_MASK));
	return out;
}

/* A word of the API's author: letters, and marks between them; or a version like 2_3. */
static bool is_word(const char *text, size_t len)
{
	bool digits = false;

	for (size_t i = 0; i < len; i++) {
		if (isdigit((unsigned char)text[i]))
			digits = true;
		else if (!isalpha((unsigned char)text[i]) && !strchr("-_.", text[i]))
			return false;
	}
	return len <= 40 && (!digits || len <= 4);
}

char *phi_mask_path(const char *path)
{
	CLEANUP(buf_deinit) struct buf out = BUF_INIT(0);
	size_t end = strcspn(path, "?#");

	for (size_t at = 0; at < end;) {
		size_t len = strcspn(path + at, "/?#");

		if (at + len > end)
			len = end - at;
		if (is_word(path + at, len))
			buf_append(&out, path + at, len);
		else
			buf_append_str(&out, PHI_MASK);
		at += len;
		if (at < end)
			buf_append_char(&out, path[at++]);
	}
	if (path[end])
		buf_printf(&out, "%c" PHI_MASK, path[end]);
	return xstrdup(buf_str(&out));
}
