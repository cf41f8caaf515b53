-- Secrets at rest. The fleet seals them in place (common/secrets/seal.h: "sealed:v1:..."), soon after
-- a person wrote them in plain text; only the program has the key.

-- Sealing changes no meaning, so it leaves updated_at as it was. Who keeps a history of changes can
-- tell by the same setting.
CREATE OR REPLACE FUNCTION integration.keep_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('integration.sealing', true) = 'on' THEN
		NEW.updated_at := OLD.updated_at;
	ELSE
		NEW.updated_at := clock_timestamp();
	END IF;
	RETURN NEW;
END $$;

-- auth_key_hash is HMAC-SHA256 of auth_key (common/secrets/keyring.h). Another auth_key makes the old
-- hash void at once; until the new one is sealed and hashed it is found as plain text.
CREATE FUNCTION integration.forget_auth_key_hash() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NEW.auth_key IS DISTINCT FROM OLD.auth_key
		AND NEW.auth_key_hash IS NOT DISTINCT FROM OLD.auth_key_hash THEN
		NEW.auth_key_hash := NULL;
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER forget_auth_key_hash BEFORE UPDATE ON integration.developer_authentication
	FOR EACH ROW EXECUTE FUNCTION integration.forget_auth_key_hash();

-- Sealed rows take the place of plain ones, unless somebody changed the row since it was read: `seen`
-- is its xmin. One statement for any number of rows, so one step of settings_version.
CREATE FUNCTION integration.seal_integrations(sealed jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	PERFORM set_config('integration.sealing', 'on', true);
	UPDATE integration.lab_integration r
	SET headers = s.headers, integration_extra_details = s.integration_extra_details
	FROM jsonb_to_recordset(sealed)
		AS s (id bigint, seen text, headers jsonb, integration_extra_details jsonb)
	WHERE r.id = s.id AND r.xmin::text = s.seen;
	GET DIAGNOSTICS n = ROW_COUNT;
	PERFORM set_config('integration.sealing', '', true);
	RETURN n;
END $$;

CREATE FUNCTION integration.seal_authentications(sealed jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	PERFORM set_config('integration.sealing', 'on', true);
	UPDATE integration.developer_authentication a
	SET headers = s.headers, auth_key = s.auth_key, auth_key_hash = decode(s.auth_key_hash, 'hex')
	FROM jsonb_to_recordset(sealed)
		AS s (id bigint, seen text, headers jsonb, auth_key text, auth_key_hash text)
	WHERE a.id = s.id AND a.xmin::text = s.seen;
	GET DIAGNOSTICS n = ROW_COUNT;
	PERFORM set_config('integration.sealing', '', true);
	RETURN n;
END $$;
