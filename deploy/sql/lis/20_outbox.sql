-- The LIS writes an event here in the transaction that makes it true, and that is all it does:
-- no lock, no NOTIFY (which serialises commits), no index but the primary key's.
-- outbox-relay publishes the rows and deletes each one when the broker has acknowledged it.

CREATE TABLE IF NOT EXISTS lis.outbox (
  outbox_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_id uuid NOT NULL DEFAULT gen_random_uuid(), lab_id bigint NOT NULL,
  type text NOT NULL, subject text, data jsonb NOT NULL, traceparent text,
  occurred_at timestamptz NOT NULL DEFAULT now())
  WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

COMMENT ON TABLE lis.outbox IS
'Events not yet in lis.events. The order of a lab is commit order: pg_xact_commit_timestamp(xmin)
(needs track_commit_timestamp = on; null, a row older than the record, comes first), then
outbox_id. outbox_id alone is the order of the inserts: a transaction that wrote early and
committed late would be passed. A row that becomes visible a moment after one with a later
timestamp belongs to a transaction that ran beside it and waited for none of its rows, so
there is no order between the two that anybody could have seen.';
COMMENT ON COLUMN lis.outbox.event_id IS 'The CloudEvent''s id; its source is /labs/<lab_id>.';
COMMENT ON COLUMN lis.outbox.type IS 'lis.<family>.<event>; informative, data.action_id decides.';
COMMENT ON COLUMN lis.outbox.data IS 'The CloudEvent''s data: ids and primitives only.';
