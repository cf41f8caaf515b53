-- All signed reports of a bill, in one consolidated event.
WITH fact AS (
  SELECT b.lab_id, b.org_id, b.bill_id AS entity_id, jsonb_build_object('bill_id', b.bill_id,
    'patient_id', b.patient_id, 'lab_report_ids', jsonb_agg(r.lab_report_id ORDER BY r.lab_report_id)) AS data
  FROM lis.bill b JOIN lis.report r USING (bill_id)
  WHERE b.bill_id = %(id)s::bigint AND r.is_signed GROUP BY b.bill_id)
