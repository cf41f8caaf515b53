-- Registration: {lab, organisation, patient}, and {lab, organisation}.
CREATE OR REPLACE FUNCTION lis_api.patient_context(lab_id bigint, ids bigint[])
RETURNS TABLE (id bigint, context jsonb) LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT p.patient_id, json_build_object(
    'id', p.patient_id,
    'references', lis_api.reference_ids(p.lab_id, p.org_id, NULL, p.patient_id),
    'version', NULL, 'updated_at', p.updated_at,
    'lab', l, 'organisation', o, 'patient', p)::jsonb
  FROM (SELECT DISTINCT unnest($2) AS patient_id) q
  JOIN lis.patient p ON p.patient_id = q.patient_id AND p.lab_id = $1
  JOIN lis.lab l ON l.lab_id = p.lab_id
  LEFT JOIN lis.organisation o ON o.org_id = p.org_id
$$;

CREATE OR REPLACE FUNCTION lis_api.organisation_context(lab_id bigint, ids bigint[])
RETURNS TABLE (id bigint, context jsonb) LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT o.org_id, json_build_object(
    'id', o.org_id, 'references', lis_api.reference_ids(o.lab_id, o.org_id),
    'version', NULL, 'updated_at', o.updated_at, 'lab', l, 'organisation', o)::jsonb
  FROM (SELECT DISTINCT unnest($2) AS org_id) q
  JOIN lis.organisation o ON o.org_id = q.org_id AND o.lab_id = $1
  JOIN lis.lab l ON l.lab_id = o.lab_id
$$;
