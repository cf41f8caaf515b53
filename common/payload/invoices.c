/* Invoices to organisations: 62, of a deleted one too. */
#include "payload/definitions.h"

static const struct payload_field item[] = {
	COPY("lineNo", "line_no"),          COPY("billId", "bill_id"),
	COPY("description", "description"), COPY("quantity", "quantity"),
	COPY("unitPrice", "unit_price"),    COPY("tax", "tax_amount"),
	COPY("amount", "amount"),           END,
};

static const struct payload_field invoice[] = {
	MAKE("webhookId", payload_make_webhook_id),
	COPY("labId", "lab.lab_id"),
	COPY("status", "invoice.status"),
	COPY("labName", "lab.lab_name"),
	MAKE("operation", payload_make_operation),
	COPY("invoiceId", "invoice.invoice_id"),
	COPY("invoiceNo", "invoice.invoice_no"),
	COPY("issueDate", "invoice.issue_date"),
	COPY("dueDate", "invoice.due_date"),
	COPY("periodFrom", "invoice.period_from"),
	COPY("periodTo", "invoice.period_to"),
	COPY("currency", "invoice.currency"),
	COPY("subTotal", "invoice.subtotal"),
	COPY("discount", "invoice.discount"),
	COPY("taxAmount", "invoice.tax_amount"),
	COPY("total", "invoice.total"),
	COPY("paidAmount", "invoice.paid"),
	COPY("balance", "invoice.balance"),
	COPY("notes", "invoice.notes"),
	TIME("deletedAt", "invoice.deleted_at"),
	GROUP(payload_organisation),
	LIST("items", "lines", item),
	END,
};

const struct payload_definition payload_invoices[] = {
	{ .action_id = 62, .fields = invoice },
};
const size_t payload_invoices_count = ARRAY_SIZE(payload_invoices);
