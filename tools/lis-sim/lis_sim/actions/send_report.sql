-- A signed report goes out once more; nothing of it changes.
WITH report AS (
  SELECT * FROM lis.report WHERE lab_report_id = %(id)s::bigint AND is_signed),
fact AS (
  SELECT r.lab_id, b.org_id, r.lab_report_id AS entity_id, jsonb_build_object(
    'lab_report_id', r.lab_report_id, 'bill_id', r.bill_id, 'patient_id', r.patient_id) AS data
  FROM report r JOIN lis.bill b USING (bill_id))
