-- Slugs that organisations had before they were renamed: addresses with them lead to the same organisation for good, and nobody else gets them.
CREATE TABLE former_slugs (
    slug   TEXT   PRIMARY KEY,
    org_id BIGINT NOT NULL REFERENCES organisations (id)
);
CREATE INDEX former_slugs_org ON former_slugs (org_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON former_slugs TO shieldwall_app;
ALTER TABLE former_slugs ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY hub ON former_slugs USING ((SELECT scope_kind()) = 'hub');
