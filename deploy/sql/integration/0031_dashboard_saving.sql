-- How the dashboard reads and saves integrations.

-- Sealing a secret is no change that two people could disagree about.
CREATE OR REPLACE FUNCTION integration.keep_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF current_setting('integration.sealing', true) = 'on' THEN
		NEW.version := OLD.version;
	ELSE
		NEW.version := OLD.version + 1;
	END IF;
	RETURN NEW;
END $$;

-- RFC 3339, UTC, milliseconds: as every time in JSON.
CREATE FUNCTION integration.iso(at timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
	SELECT CASE WHEN isfinite(at)
		THEN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') END
$$;

-- Writes the given columns of a row, and only if one of them changes; a new row where there is no id.
-- Returns the id. Its caller decides which columns may be given.
CREATE FUNCTION integration.write_row(target regclass, row_id bigint, given jsonb) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	columns text;
	made    bigint := row_id;
	sql     text;
BEGIN
	SELECT string_agg(quote_ident(key), ', ') INTO columns FROM jsonb_object_keys(given) AS key;
	IF columns IS NULL THEN
		RETURN row_id;
	END IF;
	IF row_id IS NULL THEN
		sql := format('INSERT INTO %s (%s) SELECT %s FROM jsonb_populate_record(NULL::%s, $1) RETURNING id',
			target, columns, columns, target);
		EXECUTE sql INTO made USING given;
	ELSE
		sql := format('UPDATE %s AS r SET (%s) = (SELECT %s FROM jsonb_populate_record(NULL::%s, $1))'
			' WHERE r.id = $2 AND NOT to_jsonb(r) @> to_jsonb((SELECT jsonb_object_agg(key, to_jsonb(n) -> key)'
			' FROM jsonb_populate_record(NULL::%s, $1) n, jsonb_object_keys($1) AS key))',
			target, columns, columns, target, target);
		EXECUTE sql USING given, row_id;
	END IF;
	RETURN made;
END $$;

-- add_update_webhook_integration in one statement: all of it or nothing. `rows`: [{"id" or null,
-- "version" (expected) or null, "given", "before", "after"}], the last two for the history, masked.
CREATE FUNCTION integration.save_integration(who text, auth_row bigint, auth_given jsonb, rows jsonb)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	auth_saved bigint;
	row_saved  bigint;
	one        jsonb;
	found_at   bigint;
	now_at     bigint;
	saved      jsonb := '[]';
BEGIN
	auth_saved := integration.write_row('integration.developer_authentication', auth_row, auth_given);
	FOR one IN SELECT value FROM jsonb_array_elements(rows) LOOP
		row_saved := (one ->> 'id')::bigint;
		found_at := NULL;
		IF row_saved IS NOT NULL THEN
			SELECT version INTO found_at FROM integration.lab_integration WHERE id = row_saved FOR UPDATE;
			IF found_at IS DISTINCT FROM coalesce((one ->> 'version')::bigint, found_at) THEN
				RAISE EXCEPTION 'version % is not the row''s', one ->> 'version' USING ERRCODE = 'FL412';
			END IF;
		END IF;
		row_saved := integration.write_row('integration.lab_integration', row_saved,
			(one -> 'given') || jsonb_build_object('auth_id', auth_saved));
		SELECT version INTO now_at FROM integration.lab_integration WHERE id = row_saved;
		IF now_at IS DISTINCT FROM found_at THEN
			INSERT INTO integration.integration_history (integration_id, version, actor, action, before, after)
			VALUES (row_saved, now_at, who, CASE WHEN found_at IS NULL THEN 'create' ELSE 'update' END,
				nullif(one -> 'before', 'null'), one -> 'after');
		END IF;
		saved := saved || to_jsonb(row_saved);
	END LOOP;
	RETURN jsonb_build_object('auth_id', auth_saved, 'integrations', saved);
END $$;
