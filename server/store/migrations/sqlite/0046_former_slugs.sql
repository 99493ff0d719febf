-- Slugs that organisations had before they were renamed: addresses with them lead to the same organisation for good, and nobody else gets them.
CREATE TABLE former_slugs (
    slug   TEXT    PRIMARY KEY,
    org_id INTEGER NOT NULL REFERENCES organisations (id)
) STRICT, WITHOUT ROWID;
CREATE INDEX former_slugs_org ON former_slugs (org_id);
