-- A phlebotomist takes the visit, or takes it over.
WITH old AS (
  SELECT * FROM lis.home_collection WHERE home_collection_id = %(id)s::bigint
    AND status IN ('INITIATED', 'ASSIGNED', 'REASSIGNED') FOR UPDATE),
next AS (
  SELECT o.home_collection_id, u.user_id FROM old o CROSS JOIN LATERAL (
    SELECT user_id FROM lis.app_user u WHERE u.lab_id = o.lab_id AND u.role = 'phlebotomist'
      AND u.user_id IS DISTINCT FROM o.phlebotomist_id ORDER BY user_id LIMIT 1) u),
visit AS (
  UPDATE lis.home_collection h SET previous_phlebotomist_id = h.phlebotomist_id,
    phlebotomist_id = n.user_id, assigned_at = now(), updated_at = now(),
    status = CASE WHEN h.phlebotomist_id IS NULL THEN 'ASSIGNED' ELSE 'REASSIGNED' END
  FROM next n WHERE h.home_collection_id = n.home_collection_id RETURNING h.*),
fact AS (
  SELECT v.lab_id, p.org_id, v.home_collection_id AS entity_id, jsonb_build_object(
    'home_collection_id', v.home_collection_id, 'patient_id', v.patient_id,
    'operation', lower(v.status)) AS data
  FROM visit v JOIN lis.patient p USING (patient_id))
