-- {lab, organisation, patient, referral, bill, policy, claim, diagnoses, lines}
CREATE OR REPLACE FUNCTION lis_api.claim_context(lab_id bigint, ids bigint[])
RETURNS TABLE (id bigint, context jsonb) LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT c.claim_id, json_build_object(
    'id', c.claim_id,
    'references', lis_api.reference_ids(c.lab_id, b.org_id, c.bill_id, c.patient_id),
    'version', NULL, 'updated_at', c.updated_at,
    'lab', l, 'organisation', o, 'patient', p, 'referral', r, 'bill', b, 'policy', i,
    'claim', c, 'diagnoses', coalesce(d.list, '[]'), 'lines', coalesce(n.list, '[]'))::jsonb
  FROM (SELECT DISTINCT unnest($2) AS claim_id) q
  JOIN lis.claim c ON c.claim_id = q.claim_id AND c.lab_id = $1
  JOIN lis_api.bill b ON b.bill_id = c.bill_id
  JOIN lis.lab l ON l.lab_id = c.lab_id
  JOIN lis.patient p ON p.patient_id = c.patient_id
  JOIN lis.insurance_policy i ON i.policy_id = c.policy_id
  LEFT JOIN lis.organisation o ON o.org_id = b.org_id
  LEFT JOIN lis.referral r ON r.referral_id = coalesce(c.referral_id, b.referral_id)
  LEFT JOIN LATERAL (
    SELECT json_agg(x ORDER BY x.seq) AS list
    FROM lis.claim_diagnosis x WHERE x.claim_id = c.claim_id) d ON true
  LEFT JOIN LATERAL (
    SELECT json_agg(x ORDER BY x.line_no) AS list
    FROM lis.claim_line x WHERE x.claim_id = c.claim_id) n ON true
$$;

-- {lab, organisation, patient, bill, claim, remittance, lines, adjustments (of the whole claim
-- where their line_no is null)}
CREATE OR REPLACE FUNCTION lis_api.remittance_context(lab_id bigint, ids bigint[])
RETURNS TABLE (id bigint, context jsonb) LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT m.remittance_id, json_build_object(
    'id', m.remittance_id,
    'references', lis_api.reference_ids(c.lab_id, b.org_id, c.bill_id, c.patient_id),
    'version', NULL, 'updated_at', m.received_at,
    'lab', l, 'organisation', o, 'patient', p, 'bill', b, 'claim', c, 'remittance', m,
    'lines', coalesce(n.list, '[]'), 'adjustments', coalesce(j.list, '[]'))::jsonb
  FROM (SELECT DISTINCT unnest($2) AS remittance_id) q
  JOIN lis.remittance m ON m.remittance_id = q.remittance_id
  JOIN lis.claim c ON c.claim_id = m.claim_id AND c.lab_id = $1
  JOIN lis_api.bill b ON b.bill_id = c.bill_id
  JOIN lis.lab l ON l.lab_id = c.lab_id
  JOIN lis.patient p ON p.patient_id = c.patient_id
  LEFT JOIN lis.organisation o ON o.org_id = b.org_id
  LEFT JOIN LATERAL (
    SELECT json_agg(x ORDER BY x.line_no) AS list
    FROM lis.remittance_line x WHERE x.remittance_id = m.remittance_id) n ON true
  LEFT JOIN LATERAL (
    SELECT json_agg(x ORDER BY x.adjustment_id) AS list
    FROM lis.remittance_adjustment x WHERE x.remittance_id = m.remittance_id) j ON true
$$;

-- {lab, organisation, invoice, lines}. A deleted invoice is still there (deleted_at).
CREATE OR REPLACE FUNCTION lis_api.invoice_context(lab_id bigint, ids bigint[])
RETURNS TABLE (id bigint, context jsonb) LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT v.invoice_id, json_build_object(
    'id', v.invoice_id, 'references', lis_api.reference_ids(v.lab_id, v.org_id),
    'version', v.version, 'updated_at', v.updated_at,
    'lab', l, 'organisation', o, 'invoice', v, 'lines', coalesce(n.list, '[]'))::jsonb
  FROM (SELECT DISTINCT unnest($2) AS invoice_id) q
  JOIN lis.invoice v ON v.invoice_id = q.invoice_id AND v.lab_id = $1
  JOIN lis.lab l ON l.lab_id = v.lab_id
  JOIN lis.organisation o ON o.org_id = v.org_id
  LEFT JOIN LATERAL (
    SELECT json_agg(x ORDER BY x.line_no) AS list
    FROM lis.invoice_line x WHERE x.invoice_id = v.invoice_id) n ON true
$$;
