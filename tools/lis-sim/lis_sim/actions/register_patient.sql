WITH patient AS (
  INSERT INTO lis.patient (patient_id, lab_id, lab_patient_id, designation, first_name, last_name,
    full_name, dob, age_text, gender, country_code, mobile, email, address, city, state, pincode)
  SELECT n.id, %(lab_id)s::bigint, 'P' || n.id, %(designation)s::text, %(first_name)s::text,
    %(last_name)s::text, %(full_name)s::text, %(dob)s::date, %(age_text)s::text, %(gender)s::text,
    %(country_code)s::text, %(mobile)s::text, %(email)s::text, %(address)s::text, %(city)s::text,
    %(state)s::text, %(pincode)s::text
  FROM (SELECT nextval('lis.entity_id') AS id) n RETURNING *),
fact AS (
  SELECT lab_id, org_id, patient_id AS entity_id, jsonb_build_object('patient_id', patient_id) AS data
  FROM patient)
