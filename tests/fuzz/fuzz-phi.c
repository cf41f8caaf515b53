/* Bodies that partners sent, as a viewer sees them: nothing of a value comes through. */
#include "base/utf8.h"
#include "phi/phi.h"
#include "json/jdoc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is masked once is not masked further, and is of the same kind. */
static void must_be_stable(const char *shown, enum phi_body kind)
{
	CLEANUP(freep) char *again = phi_mask_body(shown, strlen(shown), kind);

	if (!again || !utf8_valid(again, strlen(again)))
		__builtin_trap();
	if (memcmp(shown, "MSH", 3) == 0 && strcmp(shown, again) != 0)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(freep) char *text = utf8_repair((const char *)data, size, &size);

	for (int kind = PHI_REQUEST; kind <= PHI_ANSWER; kind++) {
		CLEANUP(freep)
		char *shown = phi_mask_body(text, strlen(text), (enum phi_body)kind);

		if (shown)
			must_be_stable(shown, (enum phi_body)kind);
	}
	CLEANUP(freep) char *path = phi_mask_path(text);
	return path == NULL;
}
