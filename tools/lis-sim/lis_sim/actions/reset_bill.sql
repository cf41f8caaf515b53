-- A cancelled bill is in force again.
WITH bill AS (
  UPDATE lis.bill SET status = 'ACTIVE', cancel_reason = NULL, cancelled_at = NULL,
    cancelled_by = NULL, due_amount = total_amount - concession - paid_amount, reset_at = now(),
    reset_reason = %(text)s::text, version = version + 1, updated_at = now()
  WHERE bill_id = %(id)s::bigint AND status = 'CANCELLED' RETURNING *),
items AS (
  UPDATE lis.bill_item i SET status = 'ACTIVE' FROM bill b
  WHERE i.bill_id = b.bill_id AND i.status = 'CANCELLED'),
fact AS (
  SELECT lab_id, org_id, bill_id AS entity_id,
    jsonb_build_object('bill_id', bill_id, 'patient_id', patient_id) AS data FROM bill)
