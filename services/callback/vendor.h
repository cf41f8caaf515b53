#pragma once
/*
 * POST /vendor-callbacks/<vendor>/<secret>: a vendor's webhook about a fax. The secret is
 * the row's webhook_secret; the body is only a hint which fax to ask about: the question
 * goes to the dispatcher, which asks the vendor (docs/architecture.md, "Faxes").
 */
struct call;
void run_vendor(struct call *call);
