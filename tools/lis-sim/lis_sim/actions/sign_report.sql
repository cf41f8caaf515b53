-- The pathologist signs.
WITH report AS (
  UPDATE lis.report SET status = 'SIGNED', is_signed = true, approval_at = now(),
    version = version + 1, updated_at = now()
  WHERE lab_report_id = %(id)s::bigint AND status IN ('SAVED', 'SUBMITTED') RETURNING *),
final AS (
  UPDATE lis.report_value v SET result_status = 'F' FROM report r
  WHERE v.lab_report_id = r.lab_report_id),
signed AS (
  INSERT INTO lis.report_signatory (lab_report_id, position, user_id, signed_at)
  SELECT r.lab_report_id, 1, u.user_id, now() FROM report r CROSS JOIN LATERAL (
    SELECT user_id FROM lis.app_user u WHERE u.lab_id = r.lab_id AND u.role = 'pathologist'
    ORDER BY user_id LIMIT 1) u
  ON CONFLICT DO NOTHING),
fact AS (
  SELECT r.lab_id, b.org_id, r.lab_report_id AS entity_id, jsonb_build_object(
    'lab_report_id', r.lab_report_id, 'bill_id', r.bill_id, 'patient_id', r.patient_id) AS data
  FROM report r JOIN lis.bill b USING (bill_id))
