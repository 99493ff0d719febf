//! The fictional alliance: who is in it, how it stands, and what happens to it. Any likeness to a real organisation is chance.

use domain::{DataClass, MINUTE, Role, view::DemoAccount};

/// The alliance's name.
pub const ALLIANCE: &str = "Breakwater Alliance";
/// How often each partner is expected to push.
pub const INTERVAL: i64 = 5 * MINUTE;

/// One partner.
pub struct Partner {
    pub slug: &'static str,
    pub name: &'static str,
    pub sector: &'static str,
    pub country: &'static str,
    pub assets: i64,
    pub weight: f64,
    /// About the points it has today.
    pub level: f64,
    /// Points it gains a year.
    pub slope: f64,
    pub story: Story,
}

/// What is special about a partner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Story {
    Steady,
    /// Ahead in everything, quick to respond.
    Strong,
    /// Patching came to a stop a month ago.
    PatchingSlips,
    /// Detects well, responds slowly.
    WeakResponse,
    /// Its data comes some minutes late.
    Late,
    /// Has not been heard of since yesterday.
    Silent,
}

const fn partner(
    (slug, name): (&'static str, &'static str),
    (sector, country): (&'static str, &'static str),
    assets: i64,
    weight: f64,
    (level, slope): (f64, f64),
    story: Story,
) -> Partner {
    Partner { slug, name, sector, country, assets, weight, level, slope, story }
}

/// The twelve, the alliance's own centre last.
pub const PARTNERS: [Partner; 12] = [
    partner(("fenwick-power", "Fenwick Power"), ("energy", "GB"), 18_400, 2.0, (80.0, 6.0), Story::Steady),
    partner(("sable-water", "Sable Water"), ("water", "GB"), 6_200, 2.0, (73.0, 7.0), Story::Steady),
    partner(("quillon-bank", "Quillon Bank"), ("banking", "DE"), 24_000, 3.0, (98.0, 3.0), Story::Strong),
    partner(("alder-hospitals", "Alder Hospitals"), ("healthcare", "IE"), 11_800, 2.0, (70.0, 9.0), Story::Steady),
    partner(("viaduct-rail", "Viaduct Rail"), ("transport", "FR"), 9_400, 2.0, (78.0, 5.0), Story::Steady),
    partner(("wrenfield-telecom", "Wrenfield Telecom"), ("telecommunications", "NL"), 15_200, 2.0, (83.0, 4.0), Story::Steady),
    partner(("osterby-freight", "Osterby Freight"), ("logistics", "DK"), 14_300, 3.0, (74.0, 2.0), Story::PatchingSlips),
    partner(("marrow-vale", "Marrow Vale Council"), ("local government", "GB"), 3_100, 1.0, (69.0, 3.0), Story::WeakResponse),
    partner(("pallister-air", "Pallister Air"), ("aviation", "ES"), 7_700, 2.0, (80.0, 5.0), Story::Steady),
    partner(("tamsin-foods", "Tamsin Foods"), ("food", "BE"), 2_600, 1.0, (77.0, 8.0), Story::Late),
    partner(("port-of-eskdal", "Port of Eskdal"), ("ports", "NO"), 1_900, 1.0, (70.0, 4.0), Story::Silent),
    partner(("breakwater-centre", "Breakwater Coordination Centre"), ("coordination", "BE"), 420, 0.5, (88.0, 3.0), Story::Steady),
];

/// A sharing group, and the slugs of its members.
pub const GROUP: (&str, [&str; 4]) = ("Water, ports and power", ["fenwick-power", "sable-water", "port-of-eskdal", "osterby-freight"]);

/// Who shows everyone only how many records of a class it has.
pub const NUMBERS_ONLY: [(&str, DataClass); 2] = [("viaduct-rail", DataClass::Incidents), ("pallister-air", DataClass::Indicators)];

/// Who can sign in: a person of each role, and a second administrator. Demo data only; a hub that serves for real has none of them.
#[must_use]
pub fn accounts() -> Vec<DemoAccount> {
    PEOPLE
        .iter()
        .map(|(role, _, email, password, org)| {
            let org = PARTNERS.iter().find(|p| p.slug == *org).map_or(*org, |p| p.name).to_owned();
            DemoAccount { email: (*email).to_owned(), password: (*password).to_owned(), role: *role, org }
        })
        .collect()
}

/// Role, name, mail address, password, slug of the organisation.
pub const PEOPLE: [(Role, &str, &str, &str, &str); 7] = [
    (Role::Executive, "Ines Calloway", "executive@fenwick-power.example", "lantern-harbour-41", "fenwick-power"),
    (Role::Analyst, "Tomas Brandvik", "analyst@quillon-bank.example", "lantern-harbour-42", "quillon-bank"),
    (Role::OrgAdmin, "Mette Lindqvist", "admin@osterby-freight.example", "lantern-harbour-43", "osterby-freight"),
    (Role::OrgAdmin, "Anders Holm", "anders@osterby-freight.example", "lantern-harbour-47", "osterby-freight"),
    (Role::Coordinator, "Salome Okafor", "coordinator@breakwater-centre.example", "lantern-harbour-45", "breakwater-centre"),
    (Role::Steward, "Joris Aldewereld", "steward@breakwater-centre.example", "lantern-harbour-44", "breakwater-centre"),
    (Role::Auditor, "Piet Vandaele", "auditor@breakwater-centre.example", "lantern-harbour-46", "breakwater-centre"),
];

/// Who proposes the decision that is open when the demo starts, and why.
pub const PROPOSER: &str = "coordinator@breakwater-centre.example";
pub const RAISED_BECAUSE: &str = "Three partners report the same phishing wave against remote access this week";
/// Its first votes: whose, for or against, why.
pub const FIRST_VOTES: [(&str, bool, &str); 2] =
    [("executive@fenwick-power.example", true, "We see it too"), ("anders@osterby-freight.example", true, "Our help desk had eleven reports since Monday")];
/// Who wants to invite into [`GROUP`], which waits for a second administrator of their organisation, and whom.
pub const INVITES: (&str, &str) = ("anders@osterby-freight.example", "viaduct-rail");

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Slug;

    #[test]
    fn the_cast_is_sound() {
        assert!(PARTNERS.iter().all(|p| p.slug.parse::<Slug>().is_ok()));
        for story in [Story::Strong, Story::PatchingSlips, Story::WeakResponse, Story::Late, Story::Silent] {
            assert_eq!(PARTNERS.iter().filter(|p| p.story == story).count(), 1, "{story:?}");
        }
        let mut roles: Vec<Role> = accounts().into_iter().map(|a| a.role).collect();
        // Two administrators: showing anybody more takes a second one.
        roles.dedup();
        assert_eq!(roles, Role::ALL);
        assert!(PEOPLE.iter().all(|p| PARTNERS.iter().any(|partner| partner.slug == p.4)));
    }
}
