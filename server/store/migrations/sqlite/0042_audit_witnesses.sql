-- When an organisation's machine last took a signed checkpoint of the audit trail: who could show that the trail was cut since.
CREATE TABLE audit_witnesses (
    org_id   INTEGER PRIMARY KEY REFERENCES organisations (id),
    taken_at INTEGER NOT NULL
) STRICT;
