-- The order goes out as HL7; nothing of the bill changes.
WITH fact AS (
  SELECT lab_id, org_id, bill_id AS entity_id,
    jsonb_build_object('bill_id', bill_id, 'patient_id', patient_id) AS data
  FROM lis.bill WHERE bill_id = %(id)s::bigint AND status = 'ACTIVE')
