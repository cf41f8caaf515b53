-- Lanes (a rate_limit_group, else a developer_authentication's id) that a person holds: their tasks
-- wait until the row is gone or its time is over. The dispatcher reads it with its rows.
CREATE TABLE integration.lane_pause (
	lane   text PRIMARY KEY,
	reason text NOT NULL,
	actor  text NOT NULL,
	at     timestamptz NOT NULL DEFAULT now(),
	until  timestamptz                           -- null: until it is resumed
);
