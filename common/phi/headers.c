#include "phi/phi.h"

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
