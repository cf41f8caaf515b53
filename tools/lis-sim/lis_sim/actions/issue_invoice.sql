-- The organisation gets an invoice over its newest bills.
WITH asked AS (
  SELECT o.org_id, o.lab_id, l.currency, nextval('lis.entity_id') AS invoice_id
  FROM lis.organisation o JOIN lis.lab l USING (lab_id) WHERE o.org_id = %(id)s::bigint),
bills AS (
  SELECT b.*, row_number() OVER (ORDER BY b.bill_id) AS line_no FROM (
    SELECT * FROM lis.bill WHERE org_id = %(id)s::bigint AND status = 'ACTIVE'
    ORDER BY bill_id DESC LIMIT 5) b),
invoice AS (
  INSERT INTO lis.invoice (invoice_id, lab_id, org_id, invoice_no, issue_date, due_date, status,
    currency, subtotal, total, balance)
  SELECT a.invoice_id, a.lab_id, a.org_id, 'INV-' || a.invoice_id, current_date, current_date + 30,
    'ISSUED', a.currency, t.total, t.total, t.total
  FROM asked a, (SELECT coalesce(sum(total_amount), 0) AS total FROM bills) t RETURNING *),
lines AS (
  INSERT INTO lis.invoice_line (invoice_id, line_no, bill_id, description, unit_price, amount)
  SELECT a.invoice_id, b.line_no, b.bill_id, 'Order ' || b.order_number, b.total_amount, b.total_amount
  FROM asked a, bills b),
fact AS (
  SELECT lab_id, org_id, invoice_id AS entity_id, jsonb_build_object('invoice_id', invoice_id,
    'organisation_id', org_id, 'operation', 'create') AS data FROM invoice)
