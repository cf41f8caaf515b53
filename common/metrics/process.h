#pragma once
/* What Prometheus' own client libraries say of a process, read from /proc at each scrape.
 */
#include "base/buf.h"

void process_metrics_render(struct buf *out);
