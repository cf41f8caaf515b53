/* What fax vendors post and answer: webhooks and statuses, of each vendor. */
#include "transport/fax_vendor.h"
#include "json/jdoc.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_id(const char *id)
{
	for (; *id; id++)
		if (strchr("/?#&. \r\n", *id)) /* it becomes part of an address */
			__builtin_trap();
}

static void read_notice(const struct fax_vendor *vendor, const char *body, size_t size)
{
	struct vendor_notice notice;

	if (vendor_notice_read(vendor, body, size, &notice, NULL))
		return;
	check_id(notice.fax_id);
	check_id(notice.uuid);
	if (notice.of_sent_fax && !notice.fax_id[0] && !notice.uuid[0])
		__builtin_trap();
}

static void read_answer(const struct fax_protocol *protocol, const json_t *answer)
{
	CLEANUP(buf_deinit) struct buf words = BUF_INIT(0);
	struct fax_status status;
	char id[FAX_ID_SIZE] = "";

	protocol->read_status(answer, &status);
	check_id(status.id);
	if (status.pages < 0 || status.pages_sent < 0 ||
	    (status.state == FAX_FAILED && !status.reason[0]))
		__builtin_trap();
	for (size_t i = 0; i < protocol->n_steps; i++)
		if (fax_answer_id(answer, protocol->steps[i].id_paths, id))
			check_id(id);
	(void)fax_answer_refuses(answer, &words);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "humblefax", "documo" };
	CLEANUP_JSON json_t *answer = jdoc_parse((const char *)data, size, NULL);

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct fax_vendor *vendor = fax_vendor_find(names[i]);

		read_notice(vendor, (const char *)data, size);
		if (answer)
			read_answer(fax_protocol_find(vendor), answer);
	}
	return 0;
}
