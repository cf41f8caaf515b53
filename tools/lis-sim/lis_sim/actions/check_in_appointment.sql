WITH old AS (
  SELECT * FROM lis.appointment
  WHERE appointment_id = %(id)s::bigint AND status IN ('CONFIRMED') FOR UPDATE),
changed AS (
  UPDATE lis.appointment a SET status = 'CHECKED_IN', updated_at = now()
  FROM old WHERE a.appointment_id = old.appointment_id),
fact AS (
  SELECT o.lab_id, p.org_id, o.appointment_id AS entity_id, jsonb_build_object(
    'appointment_id', o.appointment_id, 'patient_id', o.patient_id, 'operation', 'checked_in',
    'previous_status', initcap(o.status)) AS data
  FROM old o JOIN lis.patient p USING (patient_id))
