#pragma once
/* Inside common/phi: which members of JSON are known. */
#include <stdbool.h>

enum phi_name {
	PHI_NAME_UNKNOWN, /* it may be a patient's itself */
	PHI_NAME_KNOWN,   /* what stands under it is not */
	PHI_NAME_PLAIN,   /* nor that */
};
enum phi_name phi_name_find(const char *name);
bool phi_names_are_sorted(void); /* for tests: they are searched by halves */
