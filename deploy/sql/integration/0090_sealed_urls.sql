-- Secrets within a url are sealed too. A program from before this sends no url: it stays.
CREATE OR REPLACE FUNCTION integration.seal_integrations(sealed jsonb) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	PERFORM set_config('integration.sealing', 'on', true);
	UPDATE integration.lab_integration r
	SET url = coalesce(s.url, r.url), headers = s.headers,
		integration_extra_details = s.integration_extra_details
	FROM jsonb_to_recordset(sealed)
		AS s (id bigint, seen text, url text, headers jsonb, integration_extra_details jsonb)
	WHERE r.id = s.id AND r.xmin::text = s.seen;
	GET DIAGNOSTICS n = ROW_COUNT;
	PERFORM set_config('integration.sealing', '', true);
	RETURN n;
END $$;
