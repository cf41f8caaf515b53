WITH fact AS (
  SELECT r.lab_id, b.org_id, r.lab_report_id AS entity_id, jsonb_build_object(
    'lab_report_id', r.lab_report_id, 'lab_report_ids', jsonb_build_array(r.lab_report_id),
    'bill_id', r.bill_id, 'patient_id', r.patient_id, 'to', jsonb_build_array(o.fax_no)) AS data
  FROM lis.report r JOIN lis.bill b USING (bill_id) JOIN lis.organisation o USING (org_id)
  WHERE r.lab_report_id = %(id)s::bigint AND r.is_signed AND o.fax_no IS NOT NULL)
