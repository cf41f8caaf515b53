-- A rejected tube is drawn again: a new sample whose parent it is.
WITH old AS (
  UPDATE lis.sample SET status = 'REDRAW', redraw_reason = %(text)s::text, updated_at = now()
  WHERE sample_id = %(id)s::bigint AND status = 'REJECTED' RETURNING *),
sample AS (
  INSERT INTO lis.sample (sample_id, lab_id, bill_id, patient_id, accession_no, sample_type,
    sample_name, sample_snomed, container, status, collected_at, redraw_reason, parent_sample_id)
  SELECT n.id, lab_id, bill_id, patient_id, 'A' || n.id, sample_type, sample_name, sample_snomed,
    container, 'COLLECTED', now(), redraw_reason, sample_id
  FROM old, (SELECT nextval('lis.entity_id') AS id) n RETURNING *),
served AS (
  INSERT INTO lis.sample_report (sample_id, lab_report_id)
  SELECT s.sample_id, r.lab_report_id FROM sample s JOIN lis.sample_report r ON r.sample_id = s.parent_sample_id),
fact AS (
  SELECT s.lab_id, b.org_id, s.sample_id AS entity_id, jsonb_build_object('sample_id', s.sample_id,
    'bill_id', s.bill_id, 'patient_id', s.patient_id, 'operation', 'redraw') AS data
  FROM sample s JOIN lis.bill b USING (bill_id))
