#include "message/vendor_notice.h"

#include "message/task.h"
#include "json/jdoc.h"

#include <ctype.h>
#include <stdio.h>

bool fax_read_id(const json_t *value, char out[FAX_ID_SIZE])
{
	char number[24];
	const char *text = json_string_value(value);

	if (json_is_integer(value)) {
		(void)snprintf(number, sizeof(number), "%lld",
		               (long long)json_integer_value(value));
		text = number;
	}
	if (!text || *text == '\0' || strlen(text) >= FAX_ID_SIZE)
		return false;
	for (const char *p = text; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '-')
			return false;
	(void)snprintf(out, FAX_ID_SIZE, "%s", text);
	return true;
}

static const struct reading {
	const char *vendor;
	const char *type;         /* where the kind of event stands */
	const char *const *types; /* of faxes that were sent; ends with NULL */
	const char *const *ids;   /* where the fax's id may stand; ends with NULL */
	const char *const *uuids; /* where ours may stand */
} readings[] = {
	{
		.vendor = "humblefax",
		.type = "type",
		.types = (const char *const[]){ "SentFax.SendComplete", NULL },
		/* some get the fax itself as `data` */
		.ids = (const char *const[]){ "data.SentFax.id", "data.sentFax.id",
	                                      "data.id", NULL },
		.uuids = (const char *const[]){ "data.SentFax.uuid", "data.sentFax.uuid",
	                                        "data.uuid", NULL },
	},
	{
		.vendor = "documo",
		.type = "event",
		.types = (const char *const[]){ "fax.v1.outbound.succeed",
	                                        "fax.v1.outbound.failed",
	                                        "fax.v1.outbound.complete", NULL },
		.ids = (const char *const[]){ "data.messageId", "data.id", NULL },
		.uuids = (const char *const[]){ NULL },
	},
};

static const struct reading *find_reading(const char *vendor)
{
	for (size_t i = 0; i < ARRAY_SIZE(readings); i++)
		if (strcmp(readings[i].vendor, vendor) == 0)
			return &readings[i];
	return NULL;
}

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

static void read_first(const json_t *doc, const char *const *paths, char out[FAX_ID_SIZE])
{
	for (; *paths; paths++)
		if (fax_read_id(jdoc_path(doc, *paths), out))
			return;
}

int vendor_notice_read(const struct fax_vendor *vendor, const char *body, size_t len,
                       struct vendor_notice *out, struct err_text *why)
{
	const struct reading *reading = find_reading(vendor->name);
	CLEANUP_JSON json_t *doc = jdoc_parse(body, len, why);

	*out = (struct vendor_notice){ .of_sent_fax = false };
	if (!json_is_object(doc))
		return doc ? err_say(why, MESSAGE_E_INVALID,
		                     "the body must be a JSON object")
		           : MESSAGE_E_INVALID;
	const char *type = jdoc_text_or(doc, reading->type, NULL);

	if (!type)
		return err_say(why, MESSAGE_E_INVALID, "%s is missing", reading->type);
	if (!is_one_of(type, reading->types))
		return 0;
	read_first(doc, reading->ids, out->fax_id);
	read_first(doc, reading->uuids, out->uuid);
	if (out->fax_id[0] == '\0' && out->uuid[0] == '\0')
		return err_say(why, MESSAGE_E_INVALID, "data has no id of a fax");
	out->of_sent_fax = true;
	return 0;
}
