#pragma once
/*
 * What a fax vendor's webhook says (POST /vendor-callbacks/<vendor>/<secret>): which fax it
 * is about. Its verdict is not read: anybody who learns the address could write one, so the
 * vendor is asked. Pure.
 *
 * Sources: HumbleFax's webhooks (https://api.humblefax.com), Documo's
 * (https://help.documo.com, "New Webhooks").
 */
#include "base/err.h"
#include "domain/fax.h"

#include <jansson.h>

#define FAX_ID_SIZE 65 /* an id of a vendor's: letters, digits, _ and - */

struct vendor_notice {
	bool of_sent_fax;         /* else of something that is none of ours */
	char fax_id[FAX_ID_SIZE]; /* "": not said */
	char uuid[FAX_ID_SIZE];   /* ours, where the vendor keeps it; "" else */
};

/* MESSAGE_E_INVALID (message/task.h): `why` says what the body must be. */
int vendor_notice_read(const struct fax_vendor *vendor, const char *body, size_t len,
                       struct vendor_notice *out, struct err_text *why) MUST_CHECK;

/* A text or a number as an id; false: it is none. */
bool fax_read_id(const json_t *value, char out[FAX_ID_SIZE]);
