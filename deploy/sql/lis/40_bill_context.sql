-- {lab, organisation, patient, referral, bill, items: [{…, test, report, sample}], payments}
-- An item's report is its latest.
CREATE OR REPLACE FUNCTION lis_api.bill_context(lab_id bigint, ids bigint[])
RETURNS TABLE (id bigint, context jsonb) LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT b.bill_id, json_build_object(
    'id', b.bill_id,
    'references', lis_api.reference_ids(b.lab_id, b.org_id, b.bill_id, b.patient_id),
    'version', b.version, 'updated_at', b.updated_at,
    'lab', l, 'organisation', o, 'patient', p, 'referral', r, 'bill', b,
    'items', coalesce(i.list, '[]'), 'payments', coalesce(y.list, '[]'))::jsonb
  FROM (SELECT DISTINCT unnest($2) AS bill_id) q
  JOIN lis_api.bill b ON b.bill_id = q.bill_id AND b.lab_id = $1
  JOIN lis.lab l ON l.lab_id = b.lab_id
  JOIN lis.patient p ON p.patient_id = b.patient_id
  LEFT JOIN lis.organisation o ON o.org_id = b.org_id
  LEFT JOIN lis.referral r ON r.referral_id = b.referral_id
  LEFT JOIN LATERAL (
    SELECT json_agg(x ORDER BY x.bill_item_id) AS list
    FROM (
      SELECT bi.*, t AS test, rp AS report, s AS sample
      FROM lis.bill_item bi
      JOIN lis_api.test t ON t.test_id = bi.test_id
      LEFT JOIN LATERAL (
        SELECT * FROM lis_api.item_report rp WHERE rp.bill_item_id = bi.bill_item_id
        ORDER BY rp.lab_report_id DESC LIMIT 1) rp ON true
      LEFT JOIN lis_api.sample s ON s.sample_id = rp.sample_id
      WHERE bi.bill_id = b.bill_id) x) i ON true
  LEFT JOIN LATERAL (
    SELECT json_agg(y ORDER BY y.payment_id) AS list
    FROM lis_api.payment y WHERE y.bill_id = b.bill_id) y ON true
$$;
