-- The reference LIS. Only lis_api's functions and lis-sim know these tables: an adopter has
-- tables of its own and writes the functions over them (docs/porting-to-your-lis.md).
-- Money is numeric(14,2), instants are timestamptz; updated_at is for freshness checks.
-- This file may be applied again at any time.

CREATE SCHEMA IF NOT EXISTS lis;

CREATE TABLE IF NOT EXISTS lis.lab (
  lab_id bigint PRIMARY KEY, lab_name text NOT NULL, timezone text NOT NULL DEFAULT 'Asia/Kolkata',
  country_code text, currency char(3) NOT NULL DEFAULT 'INR',
  npi text, clia_number text, tax_id text, contact_no text, email text, address text, city text,
  state text, pincode text,
  hl7_facility text, is_active boolean NOT NULL DEFAULT true,
  updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS lis.organisation (
  org_id bigint PRIMARY KEY, lab_id bigint NOT NULL REFERENCES lis.lab, org_full_name text NOT NULL,
  org_code text, org_type text,
  email text, contact_no text, fax_no text, address text, area text, city text, state text,
  pincode text, npi text, tax_id text,
  payment_terms text, credit_limit numeric(14,2), is_active boolean NOT NULL DEFAULT true,
  updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS lis.app_user (
  -- phlebotomist, pathologist, accessioner, biller ...
  user_id bigint PRIMARY KEY, lab_id bigint NOT NULL REFERENCES lis.lab, full_name text NOT NULL,
  role text NOT NULL, designation text,
  email text, mobile text, registration_no text, npi text, is_active boolean NOT NULL DEFAULT true,
  updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS lis.referral (                       -- referring doctor
  referral_id bigint PRIMARY KEY, lab_id bigint NOT NULL REFERENCES lis.lab,
  full_name text NOT NULL, referral_type text, registration_no text, npi text,
  contact_no text, email text, fax_no text, address text, city text, pincode text, comments text,
  updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS lis.patient (
  patient_id bigint PRIMARY KEY, lab_id bigint NOT NULL REFERENCES lis.lab, lab_patient_id text,
  user_details_id bigint,
  designation text, first_name text, middle_name text, last_name text, full_name text NOT NULL,
  dob date, age_text text, gender char(1) NOT NULL CHECK (gender IN ('M','F','O','U')),
  country_code text, mobile text, alternate_contact text, email text, alternate_email text,
  address text, area text, landmark text, city text, state text, pincode text, country text,
  nationality text, race text, ethnicity text, national_id text, passport_no text,
  insurance_no text, patient_type text,
  org_id bigint REFERENCES lis.organisation, is_active boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (lab_id, lab_patient_id));
CREATE TABLE IF NOT EXISTS lis.insurance_policy (
  policy_id bigint PRIMARY KEY, patient_id bigint NOT NULL REFERENCES lis.patient,
  rank char(1) NOT NULL DEFAULT 'P' CHECK (rank IN ('P','S','T')),
  payer_id text NOT NULL, payer_name text NOT NULL, member_id text NOT NULL, group_number text,
  plan_name text, claim_filing_code text NOT NULL DEFAULT 'CI',
  relationship_code text NOT NULL DEFAULT '18', subscriber_first_name text,
  subscriber_last_name text, subscriber_dob date, subscriber_gender char(1),
  valid_from date, valid_to date, updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS lis.test_catalog (
  test_id bigint PRIMARY KEY, lab_id bigint NOT NULL REFERENCES lis.lab, test_code text NOT NULL,
  test_name text NOT NULL, integration_code text, loinc_code text,
  cpt_code text, department_id bigint, department_name text, sample_type text, sample_snomed text,
  is_profile boolean NOT NULL DEFAULT false, is_radiology boolean NOT NULL DEFAULT false,
  is_outsourced boolean NOT NULL DEFAULT false, price numeric(14,2) NOT NULL DEFAULT 0,
  updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS lis.test_parameter (                 -- Crelio "dictionary"
  dictionary_id bigint PRIMARY KEY, lab_id bigint NOT NULL REFERENCES lis.lab,
  test_id bigint REFERENCES lis.test_catalog, seq int NOT NULL DEFAULT 1,
  parameter_name text NOT NULL,
  loinc_code text, integration_code text,
  value_type text NOT NULL DEFAULT 'NM' CHECK (value_type IN ('NM','SN','ST','TX','FT','CE','CWE','DT','TM','TS','ED')),
  unit text, unit_ucum text, method text, lower_male numeric, upper_male numeric,
  lower_female numeric, upper_female numeric,
  critical_lower_male numeric, critical_upper_male numeric, critical_lower_female numeric,
  critical_upper_female numeric, other_male text, other_female text);
CREATE TABLE IF NOT EXISTS lis.bill (
  bill_id bigint PRIMARY KEY, lab_id bigint NOT NULL REFERENCES lis.lab,
  patient_id bigint NOT NULL REFERENCES lis.patient, org_id bigint REFERENCES lis.organisation,
  referral_id bigint REFERENCES lis.referral,
  order_number text, bill_time timestamptz NOT NULL,
  status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE','CANCELLED')),
  payment_status text NOT NULL DEFAULT 'DUE' CHECK (payment_status IN ('DUE','PARTIAL','PAID','REFUNDED','CREDIT')),
  currency char(3) NOT NULL DEFAULT 'INR', total_amount numeric(14,2) NOT NULL,
  concession numeric(14,2) NOT NULL DEFAULT 0, additional_amount numeric(14,2) NOT NULL DEFAULT 0,
  tax_amount numeric(14,2) NOT NULL DEFAULT 0,
  advance numeric(14,2) NOT NULL DEFAULT 0, paid_amount numeric(14,2) NOT NULL DEFAULT 0,
  due_amount numeric(14,2) NOT NULL DEFAULT 0, payment_mode text,
  comments text, emergency boolean NOT NULL DEFAULT false, source text, cancel_reason text,
  cancelled_at timestamptz, cancelled_by bigint REFERENCES lis.app_user, reset_at timestamptz,
  created_by bigint REFERENCES lis.app_user, version int NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX IF NOT EXISTS bill_lab_id_order_number_idx ON lis.bill (lab_id, order_number);
CREATE TABLE IF NOT EXISTS lis.bill_item (
  bill_item_id bigint PRIMARY KEY, bill_id bigint NOT NULL REFERENCES lis.bill,
  test_id bigint NOT NULL REFERENCES lis.test_catalog,
  profile_test_id bigint REFERENCES lis.test_catalog,
  test_name text NOT NULL, test_code text NOT NULL, price numeric(14,2) NOT NULL,
  concession numeric(14,2) NOT NULL DEFAULT 0, quantity int NOT NULL DEFAULT 1,
  status text NOT NULL DEFAULT 'ACTIVE' CHECK (status IN ('ACTIVE','CANCELLED','DISMISSED')),
  icd10_codes text[], added_in_version int NOT NULL DEFAULT 1,
  added_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS lis.payment (                        -- settlements AND refunds
  payment_id bigint PRIMARY KEY, bill_id bigint NOT NULL REFERENCES lis.bill,
  kind text NOT NULL CHECK (kind IN ('ADVANCE','PAYMENT','SETTLEMENT','REFUND')),
  mode text NOT NULL, amount numeric(14,2) NOT NULL CHECK (amount > 0),
  currency char(3) NOT NULL DEFAULT 'INR', reference_no text, cheque_no text, issue_bank text,
  reason text, received_by bigint REFERENCES lis.app_user, paid_at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS lis.sample (
  sample_id bigint PRIMARY KEY, lab_id bigint NOT NULL REFERENCES lis.lab,
  bill_id bigint NOT NULL REFERENCES lis.bill, patient_id bigint NOT NULL REFERENCES lis.patient,
  accession_no text, previous_accession_no text, sample_type text, sample_name text,
  sample_snomed text, container text,
  status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING','COLLECTED','RECEIVED','REJECTED','REDRAW','DISMISSED')),
  collected_at timestamptz, collected_by bigint REFERENCES lis.app_user, uncollected_at timestamptz,
  received_at timestamptz, received_by bigint REFERENCES lis.app_user,
  rejected_at timestamptz, reject_reason_code text, reject_reason text, redraw_reason text,
  parent_sample_id bigint REFERENCES lis.sample, comments text,
  updated_at timestamptz NOT NULL DEFAULT now());
CREATE UNIQUE INDEX IF NOT EXISTS sample_lab_id_accession_no_idx
  ON lis.sample (lab_id, accession_no) WHERE accession_no IS NOT NULL;
CREATE TABLE IF NOT EXISTS lis.report (
  lab_report_id bigint PRIMARY KEY, centre_report_id bigint NOT NULL,
  lab_id bigint NOT NULL REFERENCES lis.lab, bill_id bigint NOT NULL REFERENCES lis.bill,
  bill_item_id bigint NOT NULL REFERENCES lis.bill_item,
  patient_id bigint NOT NULL REFERENCES lis.patient, sample_id bigint REFERENCES lis.sample,
  test_id bigint NOT NULL REFERENCES lis.test_catalog,
  status text NOT NULL DEFAULT 'PENDING' CHECK (status IN ('PENDING','SAVED','SUBMITTED','SIGNED','AMENDED','CANCELLED')),
  is_signed boolean NOT NULL DEFAULT false, is_amended boolean NOT NULL DEFAULT false,
  file_input boolean NOT NULL DEFAULT false, order_at timestamptz, accession_at timestamptz,
  report_at timestamptz, approval_at timestamptz, comments text, version int NOT NULL DEFAULT 1,
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (lab_id, centre_report_id));
CREATE TABLE IF NOT EXISTS lis.sample_report (
  sample_id bigint REFERENCES lis.sample, lab_report_id bigint REFERENCES lis.report,
  PRIMARY KEY (sample_id, lab_report_id));
CREATE TABLE IF NOT EXISTS lis.report_signatory (
  lab_report_id bigint REFERENCES lis.report, position int, user_id bigint REFERENCES lis.app_user,
  signed_at timestamptz, PRIMARY KEY (lab_report_id, position));
CREATE TABLE IF NOT EXISTS lis.report_value (
  lab_report_id bigint REFERENCES lis.report, seq int,
  dictionary_id bigint REFERENCES lis.test_parameter, name text NOT NULL, loinc_code text,
  value_type text NOT NULL DEFAULT 'NM',
  value_text text, value_num numeric, unit text, unit_ucum text, reference_range text,
  ref_low numeric, ref_high numeric, crit_low numeric, crit_high numeric,
  abnormal_flag text CHECK (abnormal_flag IN ('L','H','LL','HH','N','A','AA','<','>')),
  highlight boolean NOT NULL DEFAULT false, method text,
  result_status char(1) NOT NULL DEFAULT 'F' CHECK (result_status IN ('P','F','C','X')),
  is_description boolean NOT NULL DEFAULT false, note text, observed_at timestamptz,
  PRIMARY KEY (lab_report_id, seq));
CREATE TABLE IF NOT EXISTS lis.report_document (
  document_id bigint PRIMARY KEY, lab_report_id bigint NOT NULL REFERENCES lis.report,
  kind text NOT NULL DEFAULT 'REPORT_PDF', content_type text NOT NULL DEFAULT 'application/pdf',
  content bytea NOT NULL, sha256 bytea NOT NULL, byte_size bigint NOT NULL,
  report_version int NOT NULL, created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS lis.appointment (
  appointment_id bigint PRIMARY KEY, lab_id bigint NOT NULL REFERENCES lis.lab,
  patient_id bigint NOT NULL REFERENCES lis.patient, bill_id bigint REFERENCES lis.bill,
  start_at timestamptz NOT NULL, end_at timestamptz NOT NULL,
  status text NOT NULL CHECK (status IN ('REQUESTED','CONFIRMED','RESCHEDULED','CHECKED_IN','COMPLETED','DISMISSED','NO_SHOW')),
  source text, comments text, test_ids bigint[] NOT NULL DEFAULT '{}',
  updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS lis.home_collection (
  home_collection_id bigint PRIMARY KEY, lab_id bigint NOT NULL REFERENCES lis.lab,
  patient_id bigint NOT NULL REFERENCES lis.patient,
  appointment_id bigint REFERENCES lis.appointment, bill_id bigint REFERENCES lis.bill,
  slot_from timestamptz NOT NULL, slot_to timestamptz NOT NULL, address text NOT NULL,
  landmark text, city text, pincode text, latitude numeric(9,6), longitude numeric(9,6),
  contact_no text,
  phlebotomist_id bigint REFERENCES lis.app_user,
  previous_phlebotomist_id bigint REFERENCES lis.app_user, assigned_at timestamptz,
  status text NOT NULL CHECK (status IN ('INITIATED','ASSIGNED','REASSIGNED','EN_ROUTE','COLLECTED','CANCELLED')),
  test_ids bigint[] NOT NULL DEFAULT '{}', amount numeric(14,2), comments text,
  updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS lis.claim (
  claim_id bigint PRIMARY KEY, lab_id bigint NOT NULL REFERENCES lis.lab,
  bill_id bigint NOT NULL REFERENCES lis.bill, patient_id bigint NOT NULL REFERENCES lis.patient,
  policy_id bigint NOT NULL REFERENCES lis.insurance_policy,
  patient_control_number text NOT NULL, frequency_code char(1) NOT NULL DEFAULT '1',
  place_of_service char(2) NOT NULL DEFAULT '81', total_charge numeric(14,2) NOT NULL,
  currency char(3) NOT NULL DEFAULT 'USD',
  prior_auth_number text, payer_claim_control_number text, billing_npi text, rendering_npi text,
  referral_id bigint REFERENCES lis.referral, clia_number text,
  status text NOT NULL DEFAULT 'DRAFT' CHECK (status IN ('DRAFT','SUBMITTED','ACCEPTED','REJECTED','PAID','PARTIAL','DENIED')),
  submitted_at timestamptz, updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (lab_id, patient_control_number));
CREATE TABLE IF NOT EXISTS lis.claim_diagnosis (
  claim_id bigint REFERENCES lis.claim, seq int, qualifier text NOT NULL DEFAULT 'ABK',
  icd10 text NOT NULL, PRIMARY KEY (claim_id, seq));
CREATE TABLE IF NOT EXISTS lis.claim_line (
  claim_id bigint REFERENCES lis.claim, line_no int, bill_item_id bigint REFERENCES lis.bill_item,
  procedure_code text NOT NULL, modifiers text[] NOT NULL DEFAULT '{}',
  diagnosis_pointers int[] NOT NULL DEFAULT '{1}',
  units numeric(9,2) NOT NULL DEFAULT 1, charge numeric(14,2) NOT NULL, service_date date NOT NULL,
  line_control_number text, PRIMARY KEY (claim_id, line_no));
CREATE TABLE IF NOT EXISTS lis.remittance (
  remittance_id bigint PRIMARY KEY, claim_id bigint NOT NULL REFERENCES lis.claim, payer_id text,
  payer_name text, check_or_eft_number text, payment_method text, payment_date date,
  claim_status_code text NOT NULL, charge numeric(14,2) NOT NULL, paid numeric(14,2) NOT NULL,
  patient_responsibility numeric(14,2) NOT NULL DEFAULT 0, payer_claim_control_number text,
  received_at timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS lis.remittance_line (
  remittance_id bigint REFERENCES lis.remittance, line_no int, procedure_code text,
  charge numeric(14,2), paid numeric(14,2), allowed numeric(14,2), service_date date,
  line_control_number text, remark_codes text[] NOT NULL DEFAULT '{}',
  PRIMARY KEY (remittance_id, line_no));
CREATE TABLE IF NOT EXISTS lis.remittance_adjustment (
  adjustment_id bigint PRIMARY KEY, remittance_id bigint NOT NULL REFERENCES lis.remittance,
  line_no int, group_code char(2) NOT NULL CHECK (group_code IN ('CO','PR','OA','PI')),
  reason_code text NOT NULL, amount numeric(14,2) NOT NULL, quantity numeric(9,2));
CREATE TABLE IF NOT EXISTS lis.invoice (
  invoice_id bigint PRIMARY KEY, lab_id bigint NOT NULL REFERENCES lis.lab,
  org_id bigint NOT NULL REFERENCES lis.organisation, invoice_no text NOT NULL, period_from date,
  period_to date, issue_date date NOT NULL, due_date date,
  status text NOT NULL CHECK (status IN ('DRAFT','ISSUED','PARTIAL','PAID','DELETED')),
  currency char(3) NOT NULL DEFAULT 'INR', subtotal numeric(14,2) NOT NULL,
  discount numeric(14,2) NOT NULL DEFAULT 0, tax_amount numeric(14,2) NOT NULL DEFAULT 0,
  total numeric(14,2) NOT NULL, paid numeric(14,2) NOT NULL DEFAULT 0,
  balance numeric(14,2) NOT NULL, notes text, deleted_at timestamptz,
  version int NOT NULL DEFAULT 1, updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (lab_id, invoice_no));
CREATE TABLE IF NOT EXISTS lis.invoice_line (
  invoice_id bigint REFERENCES lis.invoice, line_no int, bill_id bigint REFERENCES lis.bill,
  description text, quantity int NOT NULL DEFAULT 1, unit_price numeric(14,2),
  tax_amount numeric(14,2) NOT NULL DEFAULT 0, amount numeric(14,2) NOT NULL,
  PRIMARY KEY (invoice_id, line_no));

-- Additions to the reference schema: what the events' bodies tell about who and why.
ALTER TABLE lis.bill ADD COLUMN IF NOT EXISTS reset_reason text;
ALTER TABLE lis.bill ADD COLUMN IF NOT EXISTS reset_by bigint REFERENCES lis.app_user;
ALTER TABLE lis.payment ADD COLUMN IF NOT EXISTS bill_item_ids bigint[] NOT NULL DEFAULT '{}';
ALTER TABLE lis.patient ADD COLUMN IF NOT EXISTS worker_code text;
ALTER TABLE lis.patient ADD COLUMN IF NOT EXISTS doctor_code text;
ALTER TABLE lis.sample ADD COLUMN IF NOT EXISTS rejected_by bigint REFERENCES lis.app_user;
ALTER TABLE lis.sample ADD COLUMN IF NOT EXISTS uncollected_by bigint REFERENCES lis.app_user;
ALTER TABLE lis.sample ADD COLUMN IF NOT EXISTS uncollect_reason text;
ALTER TABLE lis.sample ADD COLUMN IF NOT EXISTS updated_by bigint REFERENCES lis.app_user;
ALTER TABLE lis.sample ADD COLUMN IF NOT EXISTS is_urgent boolean NOT NULL DEFAULT false;
ALTER TABLE lis.report_document ADD COLUMN IF NOT EXISTS pages int;
COMMENT ON COLUMN lis.payment.bill_item_ids IS 'The items a refund is for; empty: the bill.';

-- Whoever makes rows without ids of their own (lis-sim) takes them here, far from the small
-- numbers that people and tests like to write.
CREATE SEQUENCE IF NOT EXISTS lis.entity_id START 10000001;

-- What the context functions look up by. Where a list is in order of its ids, the index is too.
CREATE INDEX IF NOT EXISTS bill_patient_id_idx ON lis.bill (patient_id);
CREATE INDEX IF NOT EXISTS bill_org_id_idx ON lis.bill (org_id, bill_id);
CREATE INDEX IF NOT EXISTS bill_item_bill_id_idx ON lis.bill_item (bill_id, bill_item_id);
CREATE INDEX IF NOT EXISTS payment_bill_id_idx ON lis.payment (bill_id, payment_id);
CREATE INDEX IF NOT EXISTS sample_bill_id_idx ON lis.sample (bill_id);
CREATE INDEX IF NOT EXISTS sample_parent_sample_id_idx ON lis.sample (parent_sample_id)
  WHERE parent_sample_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS report_bill_id_idx ON lis.report (bill_id);
CREATE INDEX IF NOT EXISTS report_bill_item_id_idx ON lis.report (bill_item_id, lab_report_id);
CREATE INDEX IF NOT EXISTS report_sample_id_idx ON lis.report (sample_id);
CREATE INDEX IF NOT EXISTS sample_report_lab_report_id_idx ON lis.sample_report (lab_report_id);
CREATE INDEX IF NOT EXISTS report_document_lab_report_id_idx
  ON lis.report_document (lab_report_id, document_id);
CREATE INDEX IF NOT EXISTS insurance_policy_patient_id_idx ON lis.insurance_policy (patient_id);
CREATE INDEX IF NOT EXISTS claim_bill_id_idx ON lis.claim (bill_id);
CREATE INDEX IF NOT EXISTS remittance_claim_id_idx ON lis.remittance (claim_id);
CREATE INDEX IF NOT EXISTS remittance_adjustment_remittance_id_idx
  ON lis.remittance_adjustment (remittance_id, adjustment_id);
