-- All that was paid goes back.
WITH bill AS (
  SELECT * FROM lis.bill WHERE bill_id = %(id)s::bigint AND paid_amount > 0 FOR UPDATE),
payment AS (
  INSERT INTO lis.payment (payment_id, bill_id, kind, mode, amount, currency, reason, paid_at,
    bill_item_ids)
  SELECT nextval('lis.entity_id'), bill_id, 'REFUND', 'CASH', paid_amount, currency,
    %(text)s::text, now(), ARRAY(SELECT bill_item_id FROM lis.bill_item i WHERE i.bill_id = bill.bill_id)
  FROM bill RETURNING *),
changed AS (
  UPDATE lis.bill b SET paid_amount = 0, payment_status = 'REFUNDED', version = b.version + 1,
    updated_at = now()
  FROM bill WHERE b.bill_id = bill.bill_id),
fact AS (
  SELECT b.lab_id, b.org_id, b.bill_id AS entity_id, jsonb_build_object('bill_id', b.bill_id,
    'patient_id', b.patient_id, 'payment_id', y.payment_id) AS data FROM bill b JOIN payment y USING (bill_id))
