WITH bill AS (
  UPDATE lis.bill SET status = 'CANCELLED', cancel_reason = %(text)s::text, cancelled_at = now(),
    due_amount = 0, version = version + 1, updated_at = now()
  WHERE bill_id = %(id)s::bigint AND status = 'ACTIVE' RETURNING *),
items AS (
  UPDATE lis.bill_item i SET status = 'CANCELLED' FROM bill b
  WHERE i.bill_id = b.bill_id AND i.status = 'ACTIVE'),
fact AS (
  SELECT lab_id, org_id, bill_id AS entity_id,
    jsonb_build_object('bill_id', bill_id, 'patient_id', patient_id) AS data FROM bill)
