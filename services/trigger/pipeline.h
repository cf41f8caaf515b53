#pragma once
/* What a pipeline's thread and the one for labs that are set aside have in common. */
#include "trigger.h"

/* Connections of its own; not the consumer. */
int pipeline_open(struct trigger *t, struct err_text *why) MUST_CHECK;
void pipeline_close(struct trigger *t);
/* With the settings of now: 0 or TRIGGER_E_... */
int pipeline_handle(struct trigger *t, const struct kafka_message *messages,
                    size_t n) MUST_CHECK;
