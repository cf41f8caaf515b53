#include "transport/transport.h"

#include "transport/address_guard.h"
#include "transport/fax.h"
#include "transport/mllp_peers.h"
#include "transport/oauth.h"
#include "transport/sftp.h"

#define FIELD(name) offsetof(struct transport_config, name)

static const char *destinations_fault(const char *text)
{
	CLEANUP(address_guard_freep) struct address_guard *guard = NULL;
	struct err_text why;

	return address_guard_new(text, &guard, &why)
	               ? "must be CIDR[:port] with commas between; write 10.0.0.0/8 or "
	                 "[fd00::/8]:443"
	               : NULL;
}

const struct config_key transport_config_keys[] = {
	{
		.name = "CONNECT_TIMEOUT",
		.type = CONFIG_MSEC,
		.offset = FIELD(connect_timeout),
		.min = 1,
		.max = 600000,
		.dflt = "5s",
		.help = "Longest wait for a connection to a partner (name look-up, TCP and "
			"TLS); a row's smaller timeout_ms counts instead.",
	},
	{
		.name = "RESPONSE_LIMIT",
		.type = CONFIG_BYTES,
		.offset = FIELD(response_limit),
		.min = 1024,
		.max = 64 << 20,
		.dflt = "1MiB",
		.help = "Longest answer that is read, after decompression; of a longer one "
			"the rest is not read, and its status code counts.",
	},
	{
		.name = "ALLOW_PRIVATE_DESTINATIONS",
		.type = CONFIG_STRING,
		.offset = FIELD(allow_private),
		.fault = destinations_fault,
		.help = "Private, loopback or link-local addresses that may be connected "
			"to, "
			"CIDR[:port] separated by commas; none by default.",
	},
	{
		.name = "SFTP_CONNECTIONS",
		.type = CONFIG_INT,
		.offset = FIELD(sftp_connections),
		.min = 1,
		.max = 256,
		.dflt = "16",
		.help = "Uploads over SFTP at once, each on a thread; one partner has at "
			"most "
			"a quarter of them.",
	},
	{
		.name = "EGRESS_PROXY",
		.type = CONFIG_URL,
		.offset = FIELD(egress_proxy),
		.flags = CONFIG_SECRET,
		.help = "Proxy for all requests to partners; it enforces the address "
			"ranges "
			"itself. Proxy variables of the environment are ignored.",
	},
	CONFIG_END,
};

const struct transport_ops *const transports[TRANSPORT_FAX + 1] = {
	[TRANSPORT_HTTP] = &transport_http,
	[TRANSPORT_MLLP] = &transport_mllp,
	[TRANSPORT_SFTP] = &transport_sftp,
	[TRANSPORT_FAX] = &transport_fax,
};

struct metric *const transport_metrics[] = {
	&mllp_metric_connections, &mllp_metric_waiting,   &mllp_metric_opened,
	&mllp_metric_skipped,     &oauth_metric_requests, &oauth_metric_waiting,
	&oauth_metric_tokens,     &sftp_metric_waiting,   &sftp_metric_connections,
	&sftp_metric_opened,      &fax_metric_requests,   &fax_metric_waiting,
};
const size_t transport_n_metrics = ARRAY_SIZE(transport_metrics);
