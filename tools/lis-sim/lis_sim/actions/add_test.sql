-- The doctor wants another test on the same bill.
WITH bill AS (
  SELECT * FROM lis.bill WHERE bill_id = %(id)s::bigint AND status = 'ACTIVE' FOR UPDATE),
added AS (
  INSERT INTO lis.bill_item (bill_item_id, bill_id, test_id, test_name, test_code, price, added_in_version)
  SELECT nextval('lis.entity_id'), b.bill_id, t.test_id, t.test_name, t.test_code, t.price, b.version + 1
  FROM bill b JOIN lis.test_catalog t USING (lab_id)
  WHERE t.test_id = ANY (%(test_ids)s::bigint[]) RETURNING *),
reports AS (
  INSERT INTO lis.report (lab_report_id, centre_report_id, lab_id, bill_id, bill_item_id, patient_id,
    test_id, order_at)
  SELECT i.bill_item_id, i.bill_item_id, b.lab_id, b.bill_id, i.bill_item_id, b.patient_id,
    i.test_id, now() FROM bill b, added i),
changed AS (
  UPDATE lis.bill b SET total_amount = b.total_amount + new.amount,
    due_amount = b.due_amount + new.amount, payment_status = 'PARTIAL', version = b.version + 1,
    updated_at = now()
  FROM (SELECT bill_id, sum(price) AS amount FROM added GROUP BY bill_id) new
  WHERE b.bill_id = new.bill_id),
fact AS (
  SELECT b.lab_id, b.org_id, b.bill_id AS entity_id, jsonb_build_object('bill_id', b.bill_id,
    'patient_id', b.patient_id, 'bill_item_ids',
    (SELECT jsonb_agg(bill_item_id ORDER BY bill_item_id) FROM added)) AS data
  FROM bill b WHERE EXISTS (SELECT 1 FROM added))
