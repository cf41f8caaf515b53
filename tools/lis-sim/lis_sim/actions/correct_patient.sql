-- The name was spelt wrongly.
WITH fact AS (
  UPDATE lis.patient SET first_name = %(first_name)s::text, last_name = %(last_name)s::text,
    full_name = %(full_name)s::text, updated_at = now()
  WHERE patient_id = %(id)s::bigint
  RETURNING lab_id, org_id, patient_id AS entity_id, jsonb_build_object('patient_id', patient_id,
    'updated_fields', jsonb_build_array('first_name', 'last_name', 'full_name')) AS data)
