-- {lab, organisation, patient, bill, appointment, tests}
CREATE OR REPLACE FUNCTION lis_api.appointment_context(lab_id bigint, ids bigint[])
RETURNS TABLE (id bigint, context jsonb) LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT a.appointment_id, json_build_object(
    'id', a.appointment_id,
    'references', lis_api.reference_ids(a.lab_id, o.org_id, a.bill_id, a.patient_id),
    'version', NULL, 'updated_at', a.updated_at,
    'lab', l, 'organisation', o, 'patient', p, 'bill', b, 'appointment', a,
    'tests', coalesce(t.list, '[]'))::jsonb
  FROM (SELECT DISTINCT unnest($2) AS appointment_id) q
  JOIN lis.appointment a ON a.appointment_id = q.appointment_id AND a.lab_id = $1
  JOIN lis.lab l ON l.lab_id = a.lab_id
  JOIN lis.patient p ON p.patient_id = a.patient_id
  LEFT JOIN lis_api.bill b ON b.bill_id = a.bill_id
  LEFT JOIN lis.organisation o ON o.org_id = coalesce(b.org_id, p.org_id)
  LEFT JOIN LATERAL (
    SELECT json_agg(t ORDER BY t.test_id) AS list
    FROM lis_api.test t WHERE t.test_id = ANY (a.test_ids)) t ON true
$$;

-- {lab, organisation, patient, bill, appointment, home_collection, phlebotomist,
-- previous_phlebotomist, tests}
CREATE OR REPLACE FUNCTION lis_api.home_collection_context(lab_id bigint, ids bigint[])
RETURNS TABLE (id bigint, context jsonb) LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT h.home_collection_id, json_build_object(
    'id', h.home_collection_id,
    'references', lis_api.reference_ids(h.lab_id, o.org_id, h.bill_id, h.patient_id),
    'version', NULL, 'updated_at', h.updated_at,
    'lab', l, 'organisation', o, 'patient', p, 'bill', b, 'appointment', a,
    'home_collection', h, 'phlebotomist', u, 'previous_phlebotomist', pu,
    'tests', coalesce(t.list, '[]'))::jsonb
  FROM (SELECT DISTINCT unnest($2) AS home_collection_id) q
  JOIN lis.home_collection h ON h.home_collection_id = q.home_collection_id AND h.lab_id = $1
  JOIN lis.lab l ON l.lab_id = h.lab_id
  JOIN lis.patient p ON p.patient_id = h.patient_id
  LEFT JOIN lis_api.bill b ON b.bill_id = h.bill_id
  LEFT JOIN lis.appointment a ON a.appointment_id = h.appointment_id
  LEFT JOIN lis.organisation o ON o.org_id = coalesce(b.org_id, p.org_id)
  LEFT JOIN lis_api.person u ON u.user_id = h.phlebotomist_id
  LEFT JOIN lis_api.person pu ON pu.user_id = h.previous_phlebotomist_id
  LEFT JOIN LATERAL (
    SELECT json_agg(t ORDER BY t.test_id) AS list
    FROM lis_api.test t WHERE t.test_id = ANY (h.test_ids)) t ON true
$$;
