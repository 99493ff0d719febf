//! The pages, one a file. Each asks [`crate::api::pages`] for its view model and shows what it brings.

mod collective;
mod connect;
mod event;
mod groups;
mod incident;
mod incidents;
mod indicator;
mod indicators;
mod metric;
mod organisation;
mod organisations;
mod pushes;
mod receipt;
mod scoring;
mod sharing;
mod signin;
mod status;
mod welcome;

pub use collective::CollectivePage;
pub use connect::ConnectPage;
pub use event::EventPage;
pub use groups::GroupsPage;
pub use incident::IncidentPage;
pub use incidents::IncidentsPage;
pub use indicator::IndicatorPage;
pub use indicators::IndicatorsPage;
pub use metric::MetricPage;
pub use organisation::OrganisationPage;
pub use organisations::OrganisationsPage;
pub use pushes::PushesPage;
pub use receipt::ReceiptPage;
pub use scoring::ScoringPage;
pub use sharing::SharingPage;
pub use signin::SignInPage;
pub use status::StatusPage;
pub use welcome::WelcomePage;
