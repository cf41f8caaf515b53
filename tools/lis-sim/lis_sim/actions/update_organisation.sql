WITH fact AS (
  UPDATE lis.organisation SET contact_no = %(mobile)s::text, updated_at = now()
  WHERE org_id = %(id)s::bigint
  RETURNING lab_id, org_id, org_id AS entity_id, jsonb_build_object('organisation_id', org_id,
    'updated_fields', jsonb_build_array('contact_no')) AS data)
