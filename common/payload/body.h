#pragma once
/* The parts of rendering a body. Internal to payload/. */
#include "payload/payload.h"
#include "template/template.h"

/* A template's text over the payload's scope; PAYLOAD_E_CONFIG names line and remedy. */
int payload_template_body(const char *text, enum template_escape escape,
                          const struct payload *p, struct buf *out,
                          struct err_text *why) MUST_CHECK;

/* Whether a row whose payload_type is no HL7 type gets HL7 all the same. */
bool payload_is_hl7(const struct action *action, const struct integration *row);
/* The row's HL7 message: built, or its template's, with the ids it asks for. */
int payload_hl7_body(const struct payload *p, const struct action *action,
                     const struct integration *row, const struct payload_attempt *attempt,
                     struct buf *out, struct err_text *why) MUST_CHECK;
void payload_hl7_hash(const struct buf *message, char out[PAYLOAD_SHA256_SIZE]);
