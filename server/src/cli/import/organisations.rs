//! `organisations.csv` into the database. An organisation that is there already stays as it is.

use super::{PARALLEL, Rows};
use crate::cli::{
    admin::{named, parse_country, parse_weight},
    items::Row,
    parse_duration,
    push::progress,
};
use anyhow::{Context, anyhow, bail};
use domain::{DAY, OrgId, Slug, Timestamp};
use futures::{StreamExt, stream};
use std::collections::BTreeMap;
use store::{Org, Settings, Store, StoreError};

/// Expected push interval where the file names none: files come by the day rather than by the minute.
const INTERVAL: i64 = DAY;

/// The columns without which no organisation can be added.
pub const NEEDED: [&str; 3] = ["slug", "name", "country"];

/// Adds the organisations of the file.
///
/// # Errors
/// When a row cannot be read (then none is added), or the database fails.
pub async fn load(database: &str, rows: Rows, now: Timestamp) -> anyhow::Result<()> {
    let orgs: Vec<(u64, Org)> = rows
        .into_iter()
        .map(|(line, row)| Ok((line, organisation(&row).with_context(|| format!("organisations.csv, line {line}"))?)))
        .collect::<anyhow::Result<_>>()?;
    let store = Store::open(&Settings { url: database.to_owned(), readers: 1 }).await?;
    let there = store.hub().organisations().await?;
    let former = store.hub().former_slugs().await?.into_iter().filter_map(|(slug, of)| Some((slug, there.iter().find(|org| org.id == of)?.name.clone())));
    let known = former.chain(there.iter().map(|org| (org.slug.clone(), org.name.clone()))).collect();
    same_names(known, &orgs)?;
    let orgs = orgs.into_iter().map(|(_, org)| org).collect::<Vec<_>>();
    let bar = progress(orgs.len() as u64).with_message("organisations");
    let hub = store.hub();
    let mut added = stream::iter(orgs).map(|org| hub.add_organisation(org, now)).buffer_unordered(PARALLEL);
    let (mut new, mut old) = (0_u64, 0_u64);
    while let Some(one) = added.next().await {
        match one {
            Ok(_) => new += 1,
            Err(StoreError::Exists(_)) => old += 1,
            Err(error) => return Err(error.into()),
        }
        bar.inc(1);
    }
    drop(added);
    bar.finish_and_clear();
    store.close().await;
    crate::cli::print(&format!("{} organisations ({new} new, {old} there already)", new + old)).map(drop)
}

/// Whether each slug stands for one organisation: its values would be taken for another's.
///
/// # Errors
/// Names each line whose slug is that of an organisation with another name, in the hub or in the file.
fn same_names(mut known: BTreeMap<String, String>, orgs: &[(u64, Org)]) -> anyhow::Result<()> {
    let mut others = vec![];
    for (line, org) in orgs {
        let there = known.entry(org.slug.clone()).or_insert_with(|| org.name.clone());
        if *there != org.name {
            others.push(format!("line {line}: {} is {:?} already, and the file says {:?}", org.slug, there, org.name));
        }
    }
    if others.is_empty() {
        return Ok(());
    }
    bail!(
        "organisations.csv, {}. Nothing was imported. Another organisation needs another slug; where it is the same under a new name, say so first with \
         shieldwall admin org rename SLUG --name NAME",
        others.join("; ")
    )
}

fn organisation(row: &Row) -> anyhow::Result<Org> {
    let cell = |column: &str| row.iter().find(|(c, _)| c == column).map(|(_, cell)| cell.as_str());
    let need = |column: &'static str| cell(column).with_context(|| format!("{column} is missing"));
    let wrong = |column: &'static str| move |e: String| anyhow!("{column} {e}");
    let slug: Slug = need("slug")?.parse().map_err(wrong("slug"))?;
    let assets = cell("assets").map(|text| text.parse::<i64>().ok().filter(|n| *n >= 0).context("assets must be a whole number")).transpose()?;
    Ok(Org {
        id: OrgId(0),
        slug: slug.to_string(),
        name: named("name", need("name")?)?,
        sector: named("sector", cell("sector").unwrap_or("other"))?,
        country: parse_country(need("country")?).map_err(wrong("country"))?,
        assets,
        interval: cell("interval").map_or(Ok(INTERVAL), parse_duration).map_err(wrong("interval"))?,
        weight: cell("weight").map_or(Ok(1.0), parse_weight).map_err(wrong("weight"))?,
        last_data_at: None,
        confirmed: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> Row {
        text.split(';').filter_map(|cell| cell.split_once('=')).map(|(c, v)| (c.to_owned(), v.to_owned())).collect()
    }

    #[test]
    fn a_slug_stands_for_one_organisation() {
        let orgs = |rows: &[&str]| rows.iter().zip(2..).map(|(text, line)| (line, organisation(&row(text)).unwrap())).collect::<Vec<_>>();
        let known = || BTreeMap::from([("harbour".to_owned(), "Harbour Authority".to_owned())]);
        assert!(same_names(known(), &orgs(&["slug=harbour;name= Harbour Authority ;country=NO", "slug=b;name=B;country=NO"])).is_ok());
        let error = same_names(known(), &orgs(&["slug=b;name=B;country=NO", "slug=harbour;name=Harbour Clinic;country=NO"])).unwrap_err().to_string();
        assert!(error.contains("line 3: harbour is \"Harbour Authority\" already, and the file says \"Harbour Clinic\""), "{error}");
        assert!(same_names(BTreeMap::new(), &orgs(&["slug=b;name=B;country=NO", "slug=b;name=C;country=NO"])).is_err());
    }

    #[test]
    fn reads_an_organisation_and_names_what_is_wrong() {
        let org = organisation(&row("slug=north;name=North;country=gb;assets=7;state=XX")).unwrap();
        assert_eq!((org.slug.as_str(), org.country.as_str(), org.assets, org.interval, org.weight), ("north", "GB", Some(7), DAY, 1.0));
        for (bad, field) in [
            ("name=N;country=GB", "slug"),
            ("slug=A;name=N;country=GB", "slug"),
            ("slug=a;name=N;country=GB;weight=0", "weight"),
            ("slug=a;name=N;country=GB;assets=x", "assets"),
        ] {
            assert!(organisation(&row(bad)).unwrap_err().to_string().contains(field), "{bad}");
        }
    }
}
