-- When an organisation's machine last took a signed checkpoint of the audit trail: who could show that the trail was cut since.
CREATE TABLE audit_witnesses (
    org_id   BIGINT PRIMARY KEY REFERENCES organisations (id),
    taken_at BIGINT NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON audit_witnesses TO shieldwall_app;
ALTER TABLE audit_witnesses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON audit_witnesses USING ((SELECT scope_kind()) = 'hub');
