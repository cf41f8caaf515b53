-- One number that moves with every change of the configuration, whoever made it. Services read
-- it with each batch and reload the rows when it moved; NOTIFY is only a hint.
--
-- It moves in the transaction that changes the rows, so it is never visible before them. The
-- lock on its single row puts configuration transactions in a line: of two, the later commit
-- has the higher version. The trigger runs BEFORE the statement, so that this lock is taken
-- before any row's and two writers cannot deadlock over them.
--
-- A reader must read the version first and the rows after it (or both in one statement): rows
-- newer than their version are read once more, a version newer than its rows would hide them.

CREATE TABLE integration.settings_version (
	version   bigint NOT NULL,
	singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton)
);
INSERT INTO integration.settings_version (version) VALUES (1);

CREATE FUNCTION integration.bump_settings_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	now_at bigint;
BEGIN
	UPDATE integration.settings_version SET version = version + 1 RETURNING version INTO now_at;
	PERFORM pg_notify('integration_settings', now_at::text);
	RETURN NULL;
END $$;

CREATE TRIGGER bump_settings_version
	BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON integration.developer_authentication
	FOR EACH STATEMENT EXECUTE FUNCTION integration.bump_settings_version();
CREATE TRIGGER bump_settings_version
	BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON integration.lab_integration
	FOR EACH STATEMENT EXECUTE FUNCTION integration.bump_settings_version();
