-- {lab, organisation, patient, referral, bill, item, test, sample, report, values: [{…,
-- parameter}], signatories, documents (the newest first; what they are, not their content)}
CREATE OR REPLACE FUNCTION lis_api.report_context(lab_id bigint, ids bigint[])
RETURNS TABLE (id bigint, context jsonb) LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT rp.lab_report_id, json_build_object(
    'id', rp.lab_report_id,
    'references', lis_api.reference_ids(rp.lab_id, b.org_id, rp.bill_id, rp.patient_id,
      rp.lab_report_id, rp.centre_report_id),
    'version', rp.version, 'updated_at', rp.updated_at,
    'lab', l, 'organisation', o, 'patient', p, 'referral', r, 'bill', b, 'item', bi,
    'test', t, 'sample', s, 'report', rp, 'values', coalesce(v.list, '[]'),
    'signatories', coalesce(g.list, '[]'), 'documents', coalesce(d.list, '[]'))::jsonb
  FROM (SELECT DISTINCT unnest($2) AS lab_report_id) q
  JOIN lis.report rp ON rp.lab_report_id = q.lab_report_id AND rp.lab_id = $1
  JOIN lis_api.bill b ON b.bill_id = rp.bill_id
  JOIN lis.bill_item bi ON bi.bill_item_id = rp.bill_item_id
  JOIN lis_api.test t ON t.test_id = rp.test_id
  JOIN lis.lab l ON l.lab_id = rp.lab_id
  JOIN lis.patient p ON p.patient_id = rp.patient_id
  LEFT JOIN lis.organisation o ON o.org_id = b.org_id
  LEFT JOIN lis.referral r ON r.referral_id = b.referral_id
  LEFT JOIN lis_api.full_sample s ON s.sample_id = rp.sample_id
  LEFT JOIN LATERAL (
    SELECT json_agg(x ORDER BY x.seq) AS list
    FROM (
      SELECT rv.*, tp AS parameter
      FROM lis.report_value rv
      LEFT JOIN lis.test_parameter tp ON tp.dictionary_id = rv.dictionary_id
      WHERE rv.lab_report_id = rp.lab_report_id) x) v ON true
  LEFT JOIN LATERAL (
    SELECT json_agg(x ORDER BY x.position) AS list
    FROM (
      SELECT rs.position, rs.signed_at, u.*
      FROM lis.report_signatory rs JOIN lis_api.person u ON u.user_id = rs.user_id
      WHERE rs.lab_report_id = rp.lab_report_id) x) g ON true
  LEFT JOIN LATERAL (
    SELECT json_agg(x ORDER BY x.document_id DESC) AS list
    FROM (
      SELECT rd.document_id, rd.kind, rd.content_type, rd.byte_size,
        encode(rd.sha256, 'hex') AS sha256, rd.report_version, rd.created_at, rd.pages
      FROM lis.report_document rd WHERE rd.lab_report_id = rp.lab_report_id) x) d ON true
$$;
