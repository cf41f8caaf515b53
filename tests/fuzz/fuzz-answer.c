/* What strangers answer and post: partners' bodies, callbacks of other workers. */
#include "base/utf8.h"
#include "message/posted.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_posted(int (*read)(const char *, size_t, int64_t, struct report *,
                                    struct err_text *),
                        const char *json, size_t len)
{
	struct report report, again;

	if (read(json, len, 64, &report, NULL))
		return;
	CLEANUP(freep) char *encoded = report_encode(&report);
	if (report_decode(encoded, strlen(encoded), &again, NULL))
		__builtin_trap();
	report_release(&again);
	report_release(&report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_deinit) struct buf text = BUF_INIT(0);
	const char *body = (const char *)data;

	(void)report_body_suppresses(body, size);
	report_error_text(body, size, &text);
	if (!utf8_valid(buf_str(&text), text.len))
		__builtin_trap();
	read_posted(posted_read, body, size);
	read_posted(posted_read_mirth, body, size);
	return 0;
}
