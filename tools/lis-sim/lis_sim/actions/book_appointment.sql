WITH appointment AS (
  INSERT INTO lis.appointment (appointment_id, lab_id, patient_id, start_at, end_at, status, source,
    test_ids)
  SELECT nextval('lis.entity_id'), lab_id, patient_id, now() + interval '1 day',
    now() + interval '1 day 15 minutes', 'REQUESTED', 'WEB', %(test_ids)s::bigint[]
  FROM lis.patient WHERE patient_id = %(id)s::bigint RETURNING *),
fact AS (
  SELECT a.lab_id, p.org_id, a.appointment_id AS entity_id, jsonb_build_object(
    'appointment_id', a.appointment_id, 'patient_id', a.patient_id, 'operation', 'booked') AS data
  FROM appointment a JOIN lis.patient p USING (patient_id))
