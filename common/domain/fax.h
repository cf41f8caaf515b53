#pragma once
/*
 * Faxes: the vendors that the fleet can send through, one row each, and what is decided of
 * a fax without asking anybody: its number's form, and when its vendor is asked again.
 * Pure. What a vendor's API looks like is transport/fax_vendor.h's.
 */
#include "base/util.h"

#include <stdbool.h>

struct fax_vendor {
	const char *name;       /* `vendor` of a row */
	const char *url;        /* where its API is, unless the row's url says */
	const char *root;       /* of its paths, which that url may end with; NULL: none */
	double rate_per_second; /* requests that it takes, unless the row says; 0: any */
	bool north_america;     /* sends to 1NXXNXXXXXX alone */
	size_t numbers_max;     /* of one fax; 0: any */
	const char *needs[3];   /* members of the row's `fax`, then NULL */
};

/* NULL: unknown. */
const struct fax_vendor *fax_vendor_find(const char *name);
/* "humblefax, documo" */
#define FAX_VENDOR_NAMES_SIZE 64
const char *fax_vendor_names(char out[FAX_VENDOR_NAMES_SIZE]);

#define FAX_NUMBER_SIZE 17
/*
 * A number as this vendor takes it: its digits with the country's code in front, without a
 * plus. Ten digits are a number of North America. False: it sends to no such number.
 */
bool fax_number(const struct fax_vendor *vendor, const char *text,
                char out[FAX_NUMBER_SIZE]);

#define FAX_CHECKS_FOR_MS (7LL * 24 * 60 * 60 * 1000) /* then nobody asks any more */
/*
 * How often the vendor should have been asked about a fax that it took so long ago: first
 * after `first_ms`, then less and less often, up to every quarter of an hour. It is asked
 * once each time this number grows.
 */
uint32_t fax_checks_due(int64_t age_ms, int64_t first_ms);
