#pragma once
/* payload_sha256: tells whether a later attempt's payload changed. Internal to payload/. */
#include "payload/payload.h"

void payload_hash(const char *data, size_t len, char out[PAYLOAD_SHA256_SIZE]);
