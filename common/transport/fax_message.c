/* A payload of action 56 as a fax: whom to, what stands on the cover, how many documents.
 */
#include "transport/fax_vendor.h"

#include "json/jdoc.h"

static int read_numbers(const json_t *list, const struct fax_vendor *vendor,
                        struct fax_message *out, struct err_text *why)
{
	const json_t *number;
	size_t i;

	if (json_array_size(list) == 0)
		return err_say(why, -1,
		               "toFax is missing: a fax row wants the payload of action "
		               "56; leave template_text empty");
	if (json_array_size(list) > FAX_NUMBERS_MAX)
		return err_say(why, -1, "toFax has more than %d numbers", FAX_NUMBERS_MAX);
	if (vendor->numbers_max && json_array_size(list) > vendor->numbers_max)
		return err_say(why, -1,
		               "toFax has %zu numbers, and %s sends a fax to %zu: name "
		               "one in the event's `to`, or one fax_no in the LIS",
		               json_array_size(list), vendor->name, vendor->numbers_max);
	json_array_foreach (list, i, number) {
		const char *text = json_string_value(number);

		if (!text || !fax_number(vendor, text, out->numbers[i]))
			return err_say(why, -1,
			               "toFax: number %zu is none that %s sends to (%s); "
			               "correct fax_no of the organisation",
			               i + 1, vendor->name,
			               vendor->north_america ? "US and Canada, 1NXXNXXXXXX"
			                                     : "with the country's code");
		out->n_numbers++;
	}
	return 0;
}

/* The lab's own number is one of a telephone, perhaps: what is no number is left out. */
static int read_from(const json_t *payload, const struct fax_vendor *vendor,
                     const char *from, struct fax_message *out, struct err_text *why)
{
	if (from && !fax_number(vendor, from, out->from))
		return err_say(why, -1,
		               "integration_extra_details.fax.from is no number of %s: "
		               "write it with the country's code",
		               vendor->name);
	if (!from &&
	    !fax_number(vendor, jdoc_text_or(payload, "fromNumber", ""), out->from))
		out->from[0] = '\0';
	return 0;
}

static int read_documents(const json_t *list, struct fax_message *out, struct err_text *why)
{
	out->n_documents = json_array_size(list);
	if (out->n_documents == 0)
		return err_say(why, -1, "documents is empty: a fax has at least one");
	if (out->n_documents > FAX_DOCUMENTS_MAX)
		return err_say(why, -1, "documents has more than %d", FAX_DOCUMENTS_MAX);
	return 0;
}

int fax_message_read(const char *body, size_t len, const struct fax_vendor *vendor,
                     const char *from, struct fax_message *out, struct err_text *why)
{
	*out = (struct fax_message){ .owner = jdoc_parse(body, len, NULL) };
	const json_t *payload = out->owner;
	const json_t *cover = json_object_get(payload, "coverSheet");

	if (!json_is_object(payload))
		return err_say(why, -1,
		               "a fax row wants the payload of action 56 as JSON; leave "
		               "template_text empty");
	out->to_name = jdoc_text_or(payload, "toName", "");
	out->from_name = jdoc_text_or(payload, "labName", "");
	out->subject = jdoc_text_or(cover, "subject", "");
	out->message = jdoc_text_or(cover, "message", "");
	int r = read_numbers(json_object_get(payload, "toFax"), vendor, out, why);
	if (r == 0)
		r = read_from(payload, vendor, from, out, why);
	if (r == 0)
		r = read_documents(json_object_get(payload, "documents"), out, why);
	return r;
}

void fax_message_release(struct fax_message *m)
{
	json_decref(m->owner);
	*m = (struct fax_message){ 0 };
}
