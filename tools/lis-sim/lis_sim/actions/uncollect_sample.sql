WITH sample AS (
  UPDATE lis.sample SET status = 'PENDING', collected_at = NULL, collected_by = NULL,
    uncollected_at = now(), uncollect_reason = %(text)s::text, updated_at = now()
  WHERE sample_id = %(id)s::bigint AND status = 'COLLECTED' RETURNING *),
fact AS (
  SELECT s.lab_id, b.org_id, s.sample_id AS entity_id, jsonb_build_object('sample_id', s.sample_id,
    'bill_id', s.bill_id, 'patient_id', s.patient_id) AS data
  FROM sample s JOIN lis.bill b USING (bill_id))
