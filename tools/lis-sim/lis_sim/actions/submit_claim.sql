-- An insured patient's bill goes to the payer: a claim with a line an item.
WITH claim AS (
  INSERT INTO lis.claim (claim_id, lab_id, bill_id, patient_id, policy_id, patient_control_number,
    total_charge, currency, billing_npi, referral_id, clia_number, status, submitted_at)
  SELECT n.id, b.lab_id, b.bill_id, b.patient_id, i.policy_id, 'PCN' || n.id, c.charge,
    b.currency, l.npi, b.referral_id, l.clia_number, 'SUBMITTED', now()
  FROM (SELECT nextval('lis.entity_id') AS id) n, lis.bill b
  JOIN lis.lab l USING (lab_id)
  CROSS JOIN LATERAL (
    SELECT policy_id FROM lis.insurance_policy i WHERE i.patient_id = b.patient_id
    ORDER BY rank, policy_id LIMIT 1) i
  CROSS JOIN LATERAL (
    SELECT sum(price) AS charge FROM lis.bill_item x
    WHERE x.bill_id = b.bill_id AND x.status = 'ACTIVE' HAVING count(*) > 0) c
  WHERE b.bill_id = %(id)s::bigint AND b.status = 'ACTIVE' RETURNING *),
diagnosis AS (
  INSERT INTO lis.claim_diagnosis (claim_id, seq, icd10) SELECT claim_id, 1, 'Z00.00' FROM claim),
lines AS (
  INSERT INTO lis.claim_line (claim_id, line_no, bill_item_id, procedure_code, charge,
    service_date, line_control_number)
  SELECT c.claim_id, row_number() OVER (ORDER BY i.bill_item_id), i.bill_item_id, '85025', i.price,
    current_date, c.claim_id || '-' || i.bill_item_id
  FROM claim c JOIN lis.bill_item i USING (bill_id) WHERE i.status = 'ACTIVE'),
fact AS (
  SELECT c.lab_id, b.org_id, c.claim_id AS entity_id, jsonb_build_object('claim_id', c.claim_id,
    'bill_id', c.bill_id, 'patient_id', c.patient_id) AS data
  FROM claim c JOIN lis.bill b USING (bill_id))
