-- Holding a lane counts as soon as a changed row does.
CREATE TRIGGER bump_settings_version
	BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON integration.lane_pause
	FOR EACH STATEMENT EXECUTE FUNCTION integration.bump_settings_version();
