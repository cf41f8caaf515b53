-- The analyser's values are in: each in the middle of its range, or a word.
WITH report AS (
  UPDATE lis.report SET status = 'SAVED', report_at = now(), version = version + 1, updated_at = now()
  WHERE lab_report_id = %(id)s::bigint AND status IN ('PENDING', 'SAVED') RETURNING *),
measured AS (
  INSERT INTO lis.report_value (lab_report_id, seq, dictionary_id, name, loinc_code, value_type,
    value_text, value_num, unit, unit_ucum, reference_range, ref_low, ref_high, abnormal_flag,
    method, result_status, observed_at)
  SELECT r.lab_report_id, p.seq, p.dictionary_id, p.parameter_name, p.loinc_code, p.value_type,
    coalesce(((p.lower_male + p.upper_male) / 2)::numeric(12, 2)::text, 'Negative'),
    ((p.lower_male + p.upper_male) / 2)::numeric(12, 2), p.unit, p.unit_ucum,
    p.lower_male || '-' || p.upper_male, p.lower_male, p.upper_male, 'N', p.method, 'P', now()
  FROM report r JOIN lis.test_parameter p USING (test_id)
  ON CONFLICT (lab_report_id, seq) DO UPDATE SET value_text = excluded.value_text,
    value_num = excluded.value_num, observed_at = excluded.observed_at),
fact AS (
  SELECT r.lab_id, b.org_id, r.lab_report_id AS entity_id, jsonb_build_object(
    'lab_report_id', r.lab_report_id, 'bill_id', r.bill_id, 'patient_id', r.patient_id) AS data
  FROM report r JOIN lis.bill b USING (bill_id))
