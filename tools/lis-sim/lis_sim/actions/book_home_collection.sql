WITH visit AS (
  INSERT INTO lis.home_collection (home_collection_id, lab_id, patient_id, slot_from, slot_to,
    address, city, pincode, contact_no, status, test_ids, amount)
  SELECT nextval('lis.entity_id'), lab_id, patient_id, now() + interval '1 day',
    now() + interval '25 hours', coalesce(address, ''), city, pincode, mobile, 'INITIATED',
    %(test_ids)s::bigint[],
    (SELECT sum(price) FROM lis.test_catalog WHERE test_id = ANY (%(test_ids)s::bigint[]))
  FROM lis.patient WHERE patient_id = %(id)s::bigint RETURNING *),
fact AS (
  SELECT v.lab_id, p.org_id, v.home_collection_id AS entity_id, jsonb_build_object(
    'home_collection_id', v.home_collection_id, 'patient_id', v.patient_id) AS data
  FROM visit v JOIN lis.patient p USING (patient_id))
