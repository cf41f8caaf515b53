#pragma once
/*
 * The directory (inbound/directory.h) as PostgreSQL has it now: the version is read a few
 * times a second, and at once when somebody comes with a key that is not known yet.
 */
#include "call.h"

struct people *people_open(struct gateway *gw);
struct people *people_close(struct people *p);
struct directory *people_now(const struct people *p); /* never NULL */
/*
 * The call waits until the configuration was asked, then call_decide is called. False:
 * there is nobody to ask, decide with what is known.
 */
bool people_ask(struct people *p, struct call *call);
void people_forget(struct people *p, struct call *call);
