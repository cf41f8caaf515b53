-- The values are final as far as the technician goes.
WITH report AS (
  UPDATE lis.report SET status = 'SUBMITTED', version = version + 1, updated_at = now()
  WHERE lab_report_id = %(id)s::bigint AND status = 'SAVED' RETURNING *),
fact AS (
  SELECT r.lab_id, b.org_id, r.lab_report_id AS entity_id, jsonb_build_object(
    'lab_report_id', r.lab_report_id, 'bill_id', r.bill_id, 'patient_id', r.patient_id) AS data
  FROM report r JOIN lis.bill b USING (bill_id))
