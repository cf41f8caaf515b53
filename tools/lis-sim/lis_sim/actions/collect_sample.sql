WITH sample AS (
  UPDATE lis.sample SET status = 'COLLECTED', collected_at = now(), uncollected_at = NULL, updated_at = now()
  WHERE sample_id = %(id)s::bigint AND status = 'PENDING' RETURNING *),
fact AS (
  SELECT s.lab_id, b.org_id, s.sample_id AS entity_id, jsonb_build_object('sample_id', s.sample_id,
    'bill_id', s.bill_id, 'patient_id', s.patient_id) AS data
  FROM sample s JOIN lis.bill b USING (bill_id))
