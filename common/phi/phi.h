#pragma once
/*
 * Bodies and headers as somebody sees them who may not see data of patients. What is known
 * to be none (names.c, hl7.c, headers.c) is shown, all else becomes PHI_MASK, whatever its
 * length. Pure.
 */
#include "base/util.h"

#include <jansson.h>
#include <stdbool.h>

#define PHI_MASK "\u2022\u2022\u2022"

enum phi_body {
	PHI_REQUEST, /* made by the fleet, of known members */
	PHI_ANSWER,  /* in a partner's own words: its shape alone */
};

/* JSON or HL7; NULL: neither, so nothing of it can be shown. The caller frees. */
char *phi_mask_body(const char *text, size_t len, enum phi_body kind);
/* "MSH|..." with each segment's known fields. NULL: no HL7. The caller frees. */
char *phi_mask_hl7(const char *text, size_t len);
/* Any document; a new reference. */
json_t *phi_mask_json(json_t *doc, enum phi_body kind);
/* Names stay; values do where they are the protocol's. A new reference. */
json_t *phi_mask_headers(const json_t *headers);
/*
 * "/patients/77/visit?name=x" is "/patients/" PHI_MASK "/visit?" PHI_MASK: the API's name
 * stays, and of what is behind it the words of APIs; what an id, a name or a query may be
 * does not. The caller frees.
 */
char *phi_mask_path(const char *path);
