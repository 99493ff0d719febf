-- What decides whether a record may reach somebody, so that a file of those that do is found without passing those that do not.
CREATE INDEX incidents_reach ON incidents (org_id, tlp, received_at, id);
CREATE INDEX events_reach ON events (org_id, tlp, received_at, id);
CREATE INDEX indicators_reach ON indicators (org_id, tlp, received_at, id);
