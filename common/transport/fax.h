#pragma once
/* Metrics of the faxes; the transport itself is transport_fax (transport.h). */
#include "metrics/metrics.h"

extern struct metric fax_metric_requests, fax_metric_waiting;
