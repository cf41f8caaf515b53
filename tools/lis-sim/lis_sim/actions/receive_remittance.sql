-- The payer answers a claim: four fifths paid, the rest is the patient's.
WITH claim AS (
  UPDATE lis.claim SET status = 'PAID', updated_at = now()
  WHERE claim_id = %(id)s::bigint AND status IN ('SUBMITTED', 'ACCEPTED') RETURNING *),
remittance AS (
  INSERT INTO lis.remittance (remittance_id, claim_id, payer_id, payer_name, check_or_eft_number,
    payment_method, payment_date, claim_status_code, charge, paid, patient_responsibility,
    payer_claim_control_number, received_at)
  SELECT n.id, c.claim_id, i.payer_id, i.payer_name, 'EFT' || n.id, 'ACH', current_date, '1',
    c.total_charge, c.total_charge * 0.8, c.total_charge * 0.2, 'ICN' || n.id, now()
  FROM (SELECT nextval('lis.entity_id') AS id) n, claim c
  JOIN lis.insurance_policy i USING (policy_id) RETURNING *),
lines AS (
  INSERT INTO lis.remittance_line (remittance_id, line_no, procedure_code, charge, paid, allowed,
    service_date, line_control_number)
  SELECT r.remittance_id, l.line_no, l.procedure_code, l.charge, l.charge * 0.8, l.charge,
    l.service_date, l.line_control_number
  FROM remittance r JOIN lis.claim_line l USING (claim_id)),
adjustments AS (
  INSERT INTO lis.remittance_adjustment (adjustment_id, remittance_id, line_no, group_code,
    reason_code, amount)
  SELECT nextval('lis.entity_id'), r.remittance_id, l.line_no, 'PR', '2', l.charge * 0.2
  FROM remittance r JOIN lis.claim_line l USING (claim_id)),
fact AS (
  SELECT c.lab_id, b.org_id, r.remittance_id AS entity_id, jsonb_build_object(
    'remittance_id', r.remittance_id, 'claim_id', c.claim_id, 'bill_id', c.bill_id) AS data
  FROM claim c JOIN remittance r USING (claim_id) JOIN lis.bill b USING (bill_id))
