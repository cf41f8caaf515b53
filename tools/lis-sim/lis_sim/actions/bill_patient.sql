-- A patient is at the desk: a bill with its tests, half of it paid, a sample and the reports due.
WITH asked AS (
  SELECT p.patient_id, p.lab_id, p.org_id, l.currency, nextval('lis.entity_id') AS bill_id,
    nextval('lis.entity_id') AS sample_id
  FROM lis.patient p JOIN lis.lab l USING (lab_id)
  WHERE p.patient_id = %(id)s::bigint),
tests AS (
  SELECT t.*, nextval('lis.entity_id') AS bill_item_id, nextval('lis.entity_id') AS lab_report_id
  FROM asked JOIN lis.test_catalog t USING (lab_id)
  WHERE t.test_id = ANY (%(test_ids)s::bigint[])),
total AS (SELECT coalesce(sum(price), 0) AS amount, round(coalesce(sum(price), 0) / 2, 2) AS paid FROM tests),
bill AS (
  INSERT INTO lis.bill (bill_id, lab_id, patient_id, org_id, order_number, bill_time, payment_status,
    currency, total_amount, advance, paid_amount, due_amount, payment_mode, source)
  SELECT a.bill_id, a.lab_id, a.patient_id, a.org_id, 'ORD' || a.bill_id, now(),
    CASE WHEN t.paid > 0 THEN 'PARTIAL' ELSE 'DUE' END,
    a.currency, t.amount, t.paid, t.paid, t.amount - t.paid, 'CASH', 'FRONT_DESK'
  FROM asked a, total t RETURNING *),
items AS (
  INSERT INTO lis.bill_item (bill_item_id, bill_id, test_id, test_name, test_code, price)
  SELECT t.bill_item_id, b.bill_id, t.test_id, t.test_name, t.test_code, t.price FROM bill b, tests t),
paid AS (
  INSERT INTO lis.payment (payment_id, bill_id, kind, mode, amount, currency, paid_at)
  SELECT nextval('lis.entity_id'), bill_id, 'ADVANCE', 'CASH', advance, currency, now()
  FROM bill WHERE advance > 0),
sample AS (
  INSERT INTO lis.sample (sample_id, lab_id, bill_id, patient_id, accession_no, sample_type)
  SELECT a.sample_id, a.lab_id, a.bill_id, a.patient_id, 'A' || a.sample_id,
    (SELECT min(sample_type) FROM tests) FROM asked a),
reports AS (
  INSERT INTO lis.report (lab_report_id, centre_report_id, lab_id, bill_id, bill_item_id, patient_id,
    sample_id, test_id, order_at)
  SELECT t.lab_report_id, t.lab_report_id, a.lab_id, a.bill_id, t.bill_item_id, a.patient_id,
    a.sample_id, t.test_id, now() FROM asked a, tests t),
served AS (
  INSERT INTO lis.sample_report (sample_id, lab_report_id)
  SELECT a.sample_id, t.lab_report_id FROM asked a, tests t),
fact AS (
  SELECT lab_id, org_id, bill_id AS entity_id,
    jsonb_build_object('bill_id', bill_id, 'patient_id', patient_id) AS data FROM bill)
