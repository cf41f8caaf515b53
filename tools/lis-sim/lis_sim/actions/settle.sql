-- What was due is paid.
WITH bill AS (
  SELECT * FROM lis.bill
  WHERE bill_id = %(id)s::bigint AND status = 'ACTIVE' AND due_amount > 0 FOR UPDATE),
payment AS (
  INSERT INTO lis.payment (payment_id, bill_id, kind, mode, amount, currency, reference_no, paid_at)
  SELECT nextval('lis.entity_id'), bill_id, 'SETTLEMENT', 'CARD', due_amount, currency,
    'TXN' || bill_id, now()
  FROM bill RETURNING *),
changed AS (
  UPDATE lis.bill b SET paid_amount = b.paid_amount + b.due_amount, due_amount = 0,
    payment_status = 'PAID', version = b.version + 1, updated_at = now()
  FROM bill WHERE b.bill_id = bill.bill_id),
fact AS (
  SELECT b.lab_id, b.org_id, b.bill_id AS entity_id, jsonb_build_object('bill_id', b.bill_id,
    'patient_id', b.patient_id, 'payment_id', y.payment_id) AS data FROM bill b JOIN payment y USING (bill_id))
