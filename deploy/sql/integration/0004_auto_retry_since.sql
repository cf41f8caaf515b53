-- A row that is made with is_auto_retry has it on for all its life: no log of it is older than the
-- row, so there is no time to keep. A time is kept from the moment it is switched on later.
CREATE OR REPLACE FUNCTION integration.keep_auto_retry_since() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF NOT NEW.is_auto_retry THEN
		NEW.is_auto_retry_since := NULL;
	ELSIF TG_OP = 'UPDATE' AND OLD.is_auto_retry THEN
		NEW.is_auto_retry_since := OLD.is_auto_retry_since;
	ELSIF TG_OP = 'UPDATE' THEN
		NEW.is_auto_retry_since := clock_timestamp();
	END IF;
	RETURN NEW;
END $$;
COMMENT ON COLUMN integration.lab_integration.is_auto_retry_since IS
	'when is_auto_retry was switched on; null: it is off, or on since the row was made';
