-- Invitations into groups and consents to them, until a second person of the organisation agrees: both show somebody more of it.
CREATE TABLE group_proposals (
    -- Not given twice, so that whoever agrees to one means what he saw.
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Whose second person agrees.
    org_id      INTEGER NOT NULL REFERENCES organisations (id),
    group_id    INTEGER NOT NULL REFERENCES sharing_groups (id),
    -- Who is invited; the organisation itself where it joins.
    member_id   INTEGER NOT NULL REFERENCES organisations (id),
    proposed_by INTEGER NOT NULL REFERENCES users (id),
    expires_at  INTEGER NOT NULL,
    UNIQUE (org_id, group_id, member_id)
) STRICT;
