/* What strangers answer over MLLP: acknowledgements. */
#include "base/utf8.h"
#include "hl7/ack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must_lie_in(const char *at, size_t len, const char *data, size_t size)
{
	if (at < data || len > size || at + len > data + size)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_deinit) struct buf text = BUF_INIT(0);
	const char *message = (const char *)data, *id;
	struct hl7_ack ack, again;
	size_t len;

	int r = hl7_ack_parse(message, size, &ack, &text);
	must_lie_in(ack.control_id, ack.control_id_len, message, size);
	if (text.len > HL7_ACK_TEXT_MAX || !utf8_valid(buf_str(&text), text.len))
		__builtin_trap();
	if (hl7_ack_parse(message, size, &again, NULL) != r || again.code != ack.code)
		__builtin_trap();
	if (hl7_control_id(message, size, &id, &len))
		must_lie_in(id, len, message, size);
	return 0;
}
