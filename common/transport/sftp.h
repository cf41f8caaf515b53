#pragma once
/* Metrics of transport_sftp, for the table of transport.c. */
#include "metrics/metrics.h"

extern struct metric sftp_metric_waiting, sftp_metric_connections, sftp_metric_opened;
