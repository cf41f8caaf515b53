-- The demo's partners as rows of configuration, for labs of the sample LIS. May be run again.
-- psql variables: ok, fail, hang, fax (base URLs of the demo partners), mllp, sftp (ports), sftp_user,
-- sftp_folder, sftp_key, sftp_host_key.

INSERT INTO integration.developer_authentication
	(id, auth_key, lab_id, developer_id, developer_name)
VALUES
	(900001, 'demo-acme-health',      900001, 1, 'Acme Health'),
	(900002, 'demo-nimbus-insurance', 900001, 2, 'Nimbus Insurance (fails)'),
	(900003, 'demo-acme-health-2',    900002, 1, 'Acme Health'),
	(900004, 'demo-ledger-erp',       900002, 3, 'Ledger ERP (hangs)'),
	(900005, 'demo-acme-health-3',    900003, 1, 'Acme Health'),
	(900006, 'demo-city-hospital',    900001, 4, 'City Hospital'),
	(900007, 'demo-regional-archive', 900001, 5, 'Regional Archive'),
	(900008, 'demo-county-clinic',    900001, 6, 'County Clinic')
ON CONFLICT (id) DO NOTHING;

-- Acme Health takes every billing and registration event of all three labs.
INSERT INTO integration.lab_integration
	(id, auth_id, action_category_list_id, url, integration_extra_details)
SELECT auth_id * 100 + action_id, auth_id, action_id, :'ok' || '/orders',
       '{"webhook_secret": "whsec_ZGVtby1zZWNyZXQtb2YtYWNtZS1oZWFsdGg="}'
FROM unnest(ARRAY[900001, 900003, 900005]) auth_id,
     unnest(ARRAY[1, 2, 3, 4, 5, 17, 18, 57, 58]) action_id
ON CONFLICT (id) DO UPDATE SET url = excluded.url;

INSERT INTO integration.lab_integration
	(id, auth_id, action_category_list_id, url, headers, integration_extra_details)
VALUES
	(90000201, 900002, 1, :'fail' || '/claims', '{"x-tenant": "nimbus"}', '{}'),
	(90000401, 900004, 1, :'hang' || '/bills', '{}', '{"timeout_ms": 3000, "max_concurrency": 2}')
ON CONFLICT (id) DO UPDATE SET url = excluded.url;

-- City Hospital's interface engine gets orders and patients as HL7, a patient's in their order.
INSERT INTO integration.lab_integration
	(id, auth_id, action_category_list_id, integration_type, integration_extra_details)
SELECT 900006 * 100 + action_id, 900006, action_id, 'MIRTH',
       jsonb_build_object('host', '127.0.0.1', 'port', :mllp::int, 'ordered_by', 'patient')
FROM unnest(ARRAY[1, 2, 3, 57, 58]) action_id
ON CONFLICT (id) DO UPDATE SET integration_extra_details = excluded.integration_extra_details;

-- The regional archive gets each new bill's order, and reports with their PDF, as files.
INSERT INTO integration.lab_integration
	(id, auth_id, action_category_list_id, integration_extra_details)
SELECT 900007 * 100 + action_id, 900007, action_id,
       jsonb_build_object('transport', 'sftp', 'host', '127.0.0.1', 'port', :sftp::int, 'sftp',
         jsonb_build_object('username', :'sftp_user', 'private_key', :'sftp_key',
           'host_key_sha256', jsonb_build_array(:'sftp_host_key'), 'directory', :'sftp_folder'))
FROM unnest(ARRAY[1, 49, 50]) action_id
ON CONFLICT (id) DO UPDATE SET integration_extra_details = excluded.integration_extra_details;

-- County Clinic gets reports by fax.
INSERT INTO integration.lab_integration
	(id, auth_id, action_category_list_id, url, integration_extra_details)
VALUES (90000856, 900008, 56, :'fax', '{"transport": "fax", "vendor": "humblefax",
	"fax": {"access_key": "demo", "secret_key": "demo-secret", "from": "12025550100"}}')
ON CONFLICT (id) DO UPDATE SET url = excluded.url;
