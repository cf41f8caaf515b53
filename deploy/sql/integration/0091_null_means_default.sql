-- Rows written with plain SQL: a null that somebody gives where a column has a default means the
-- default, and the words of integration_type count in any case.
CREATE FUNCTION integration.null_means_default() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.headers := coalesce(NEW.headers, '{}');
	NEW.integration_type := upper(coalesce(NEW.integration_type, 'WEBHOOK'));
	NEW.created_at := coalesce(NEW.created_at, now());
	NEW.updated_at := coalesce(NEW.updated_at, now());
	NEW.version := coalesce(NEW.version, 1);
	IF TG_TABLE_NAME = 'lab_integration' THEN
		NEW.url := coalesce(NEW.url, '');
		NEW.request_type := coalesce(NEW.request_type, 1);
		NEW.payload_type := coalesce(NEW.payload_type, 'JSON');
		NEW.integration_extra_details := coalesce(NEW.integration_extra_details, '{}');
		NEW.is_batch := coalesce(NEW.is_batch, false);
		NEW.is_auto_retry := coalesce(NEW.is_auto_retry, false);
		NEW.is_disable := coalesce(NEW.is_disable, false);
	ELSE
		NEW.developer_name := coalesce(NEW.developer_name, '');
		NEW.is_org := coalesce(NEW.is_org, false);
		NEW.is_integration_enable := coalesce(NEW.is_integration_enable, true);
		NEW.flags := coalesce(NEW.flags, '{}');
	END IF;
	RETURN NEW;
END $$;

-- Triggers run in the order of their names: this one before those that look at the values.
CREATE TRIGGER a_null_means_default BEFORE INSERT OR UPDATE ON integration.developer_authentication
	FOR EACH ROW EXECUTE FUNCTION integration.null_means_default();
CREATE TRIGGER a_null_means_default BEFORE INSERT OR UPDATE ON integration.lab_integration
	FOR EACH ROW EXECUTE FUNCTION integration.null_means_default();
