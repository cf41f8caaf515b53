-- {lab, organisation, patient, referral, bill, sample, parent_sample, redrawn_sample, reports:
-- [{…, test}]}
-- One tube serves many tests: `reports` are all of them, and the references name the first.
CREATE OR REPLACE FUNCTION lis_api.sample_context(lab_id bigint, ids bigint[])
RETURNS TABLE (id bigint, context jsonb) LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT s.sample_id, json_build_object(
    'id', s.sample_id,
    'references', lis_api.reference_ids(s.lab_id, b.org_id, s.bill_id, s.patient_id,
      rp.lrr_id, rp.report_id),
    'version', NULL, 'updated_at', s.updated_at,
    'lab', l, 'organisation', o, 'patient', p, 'referral', r, 'bill', b,
    'sample', s, 'parent_sample', ps, 'redrawn_sample', ns,
    'reports', coalesce(rp.list, '[]'))::jsonb
  FROM (SELECT DISTINCT unnest($2) AS sample_id) q
  JOIN lis_api.full_sample s ON s.sample_id = q.sample_id AND s.lab_id = $1
  JOIN lis_api.bill b ON b.bill_id = s.bill_id
  JOIN lis.lab l ON l.lab_id = s.lab_id
  JOIN lis.patient p ON p.patient_id = s.patient_id
  LEFT JOIN lis.organisation o ON o.org_id = b.org_id
  LEFT JOIN lis.referral r ON r.referral_id = b.referral_id
  LEFT JOIN lis_api.sample ps ON ps.sample_id = s.parent_sample_id
  LEFT JOIN LATERAL (
    SELECT next.* FROM lis.sample child JOIN lis_api.sample next USING (sample_id)
    WHERE child.parent_sample_id = s.sample_id
    ORDER BY next.sample_id DESC LIMIT 1) ns ON true
  LEFT JOIN LATERAL (
    SELECT json_agg(x ORDER BY x.lab_report_id) AS list, min(x.lab_report_id) AS lrr_id,
      (array_agg(x.centre_report_id ORDER BY x.lab_report_id))[1] AS report_id
    FROM (
      SELECT rp.*, t AS test
      FROM (
        SELECT sr.lab_report_id FROM lis.sample_report sr WHERE sr.sample_id = s.sample_id
        UNION
        SELECT own.lab_report_id FROM lis.report own WHERE own.sample_id = s.sample_id) served
      JOIN lis_api.item_report rp ON rp.lab_report_id = served.lab_report_id
      JOIN lis_api.test t ON t.test_id = rp.test_id) x) rp ON true
$$;
