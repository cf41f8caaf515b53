-- How the lanes are, as each dispatcher says every other second, for the dashboard. What is older than some
-- seconds is of a dispatcher that is gone. Nothing reads it to decide anything, so it need not survive.
CREATE UNLOGGED TABLE integration.lane_state (
	instance text PRIMARY KEY,
	at       timestamptz NOT NULL DEFAULT now(),
	lanes    jsonb NOT NULL DEFAULT '[]'
) WITH (fillfactor = 50);
