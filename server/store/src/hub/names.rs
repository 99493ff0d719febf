//! What organisations are called: renaming one, and where its former slugs lead.

use super::Hub;
use crate::{
    StoreError,
    audit::{self, Action, Entry},
    db::{Conn, execute, on_conn, read},
};
use domain::{OrgId, Timestamp};

impl Hub<'_> {
    /// Gives an organisation another name, another slug, or both. Its former slugs go on leading to it.
    ///
    /// # Errors
    /// [`StoreError::Exists`] when the slug is another's, or was.
    pub async fn rename_organisation(&self, org: OrgId, name: Option<String>, slug: Option<String>, at: Timestamp) -> Result<(), StoreError> {
        const FIND: &str = "SELECT slug, name FROM organisations WHERE id = $1";
        const RENAME: &str = "UPDATE organisations SET name = $2, slug = $3 WHERE id = $1";
        const TAKEN: &str = "SELECT count(*) FROM organisations WHERE slug = $1 AND id <> $2";
        const BACK: &str = "DELETE FROM former_slugs WHERE slug = $1";
        const KEEP: &str = "INSERT INTO former_slugs (slug, org_id) VALUES ($1, $2)";
        let actor = self.actor;
        self.write(move |conn| {
            Box::pin(async move {
                let (old_slug, old_name): (String, String) = on_conn!(conn, c => sqlx::query_as(FIND).bind(org.0).fetch_one(&mut *c).await)?;
                let (slug, name) = (slug.unwrap_or_else(|| old_slug.clone()), name.unwrap_or_else(|| old_name.clone()));
                let taken: i64 = on_conn!(conn, c => sqlx::query_scalar(TAKEN).bind(&slug).bind(org.0).fetch_one(&mut *c).await)?;
                if taken > 0 || former(conn, &slug).await?.is_some_and(|of| of != org) {
                    return Err(StoreError::Exists("organisation"));
                }
                execute!(conn, c => sqlx::query(RENAME).bind(org.0).bind(&name).bind(&slug).execute(&mut *c).await)?;
                if slug != old_slug {
                    execute!(conn, c => sqlx::query(BACK).bind(&slug).execute(&mut *c).await)?;
                    execute!(conn, c => sqlx::query(KEEP).bind(&old_slug).bind(org.0).execute(&mut *c).await)?;
                }
                let detail = serde_json::json!({ "from": { "slug": old_slug, "name": old_name }, "to": { "slug": slug, "name": name } });
                let object = format!("organisation {slug}");
                audit::append(conn, Entry { at, actor, action: Action::OrganisationRenamed, org: Some(org), object, detail }).await?;
                Ok(())
            })
        })
        .await
    }

    /// Slugs that organisations had before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn former_slugs(&self) -> Result<Vec<(String, OrgId)>, StoreError> {
        const ALL: &str = "SELECT slug, org_id FROM former_slugs";
        let rows: Vec<(String, i64)> = read!(self, c => sqlx::query_as(ALL).fetch_all(c).await)?;
        Ok(rows.into_iter().map(|(slug, org)| (slug, OrgId(org))).collect())
    }
}

/// Whose slug this was.
pub(super) async fn former(conn: &mut Conn, slug: &str) -> Result<Option<OrgId>, StoreError> {
    const FIND: &str = "SELECT org_id FROM former_slugs WHERE slug = $1";
    let found: Option<i64> = on_conn!(conn, c => sqlx::query_scalar(FIND).bind(slug).fetch_optional(&mut *c).await)?;
    Ok(found.map(OrgId))
}
