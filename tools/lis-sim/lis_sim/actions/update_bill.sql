-- The desk corrects a bill's comment.
WITH fact AS (
  UPDATE lis.bill SET comments = %(text)s::text, version = version + 1, updated_at = now()
  WHERE bill_id = %(id)s::bigint AND status = 'ACTIVE'
  RETURNING lab_id, org_id, bill_id AS entity_id, jsonb_build_object('bill_id', bill_id,
    'patient_id', patient_id, 'updated_fields', jsonb_build_array('comments')) AS data)
