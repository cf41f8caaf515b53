WITH fact AS (
  UPDATE lis.invoice SET notes = %(text)s::text, version = version + 1, updated_at = now()
  WHERE invoice_id = %(id)s::bigint AND status <> 'DELETED'
  RETURNING lab_id, org_id, invoice_id AS entity_id, jsonb_build_object('invoice_id', invoice_id,
    'organisation_id', org_id, 'operation', 'update',
    'updated_fields', jsonb_build_array('notes')) AS data)
