WITH sample AS (
  UPDATE lis.sample SET status = 'DISMISSED', comments = %(text)s::text, updated_at = now()
  WHERE sample_id = %(id)s::bigint AND status IN ('PENDING', 'REJECTED') RETURNING *),
fact AS (
  SELECT s.lab_id, b.org_id, s.sample_id AS entity_id, jsonb_build_object('sample_id', s.sample_id,
    'bill_id', s.bill_id, 'patient_id', s.patient_id,
    'operation', 'dismiss') AS data
  FROM sample s JOIN lis.bill b USING (bill_id))
