-- The whole port to a LIS: these functions, over its own tables.
--
-- lis_api.<family>_context(lab_id, ids) gives one row an entity of that lab (an id that is not
-- there, or is another lab's, gives none), with all that the family's payloads need:
--   id, references {lab_id, org_id, bill_id, patient_id, lrr_id, report_id}, version,
--   updated_at, then the rows themselves, their columns as keys, nested.
-- Never a document's content: only what it is, by which lis_api.document finds it.
--
-- Each is one plain SELECT, STABLE, without SET or STRICT, so that PostgreSQL inlines it into
-- the caller's statement and keeps one prepared plan. Every look-up is by an index from the ids
-- on, so time grows with the batch alone. The text is built as json and becomes jsonb once, at
-- the top: jsonb inside jsonb is copied and sorted again on every level. Callers set TimeZone
-- to UTC.

CREATE SCHEMA IF NOT EXISTS lis_api;

-- Content is read at dispatch only.
CREATE OR REPLACE FUNCTION lis_api.document(id bigint)
RETURNS TABLE (content bytea, content_type text, byte_size bigint, sha256 bytea)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT d.content, d.content_type, d.byte_size, d.sha256
  FROM lis.report_document d WHERE d.document_id = $1
$$;

CREATE OR REPLACE FUNCTION lis_api.reference_ids(lab_id bigint, org_id bigint DEFAULT NULL,
  bill_id bigint DEFAULT NULL, patient_id bigint DEFAULT NULL, lrr_id bigint DEFAULT NULL,
  report_id bigint DEFAULT NULL)
RETURNS json LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT json_build_object('lab_id', $1, 'org_id', $2, 'bill_id', $3, 'patient_id', $4,
    'lrr_id', $5, 'report_id', $6)
$$;

-- Rows as they stand inside others: what a payload uses of them, without what the row around
-- them says already. A table's own columns stand last: it may grow, and a view grows at its end.

CREATE OR REPLACE VIEW lis_api.bill AS
SELECT cu.full_name AS created_by_name, xu.full_name AS cancelled_by_name,
  ru.full_name AS reset_by_name, b.*
FROM lis.bill b
LEFT JOIN lis.app_user cu ON cu.user_id = b.created_by
LEFT JOIN lis.app_user xu ON xu.user_id = b.cancelled_by
LEFT JOIN lis.app_user ru ON ru.user_id = b.reset_by;

CREATE OR REPLACE VIEW lis_api.payment AS
SELECT u.full_name AS received_by_name, y.*
FROM lis.payment y LEFT JOIN lis.app_user u ON u.user_id = y.received_by;

CREATE OR REPLACE VIEW lis_api.test AS
SELECT test_id, test_code, test_name, integration_code, loinc_code, cpt_code, department_id,
  department_name, sample_type, sample_snomed, is_profile, is_radiology, is_outsourced
FROM lis.test_catalog;

CREATE OR REPLACE VIEW lis_api.sample AS
SELECT sample_id, accession_no, sample_type, sample_name, sample_snomed, container, status,
  collected_at, received_at
FROM lis.sample;

CREATE OR REPLACE VIEW lis_api.full_sample AS
SELECT cu.full_name AS collected_by_name, ru.full_name AS received_by_name,
  xu.full_name AS rejected_by_name, uu.full_name AS uncollected_by_name,
  eu.full_name AS updated_by_name, s.*
FROM lis.sample s
LEFT JOIN lis.app_user cu ON cu.user_id = s.collected_by
LEFT JOIN lis.app_user ru ON ru.user_id = s.received_by
LEFT JOIN lis.app_user xu ON xu.user_id = s.rejected_by
LEFT JOIN lis.app_user uu ON uu.user_id = s.uncollected_by
LEFT JOIN lis.app_user eu ON eu.user_id = s.updated_by;

CREATE OR REPLACE VIEW lis_api.item_report AS
SELECT lab_report_id, centre_report_id, sample_id, status, is_signed, is_amended, order_at,
  accession_at, report_at, approval_at, version, bill_item_id, test_id
FROM lis.report;

CREATE OR REPLACE VIEW lis_api.person AS
SELECT user_id, full_name, role, designation, mobile, email, registration_no, npi
FROM lis.app_user;
