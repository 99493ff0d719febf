//! `shieldwall admin decision`: the rights behind what the alliance decides together.

use super::{admin::table, print};
use clap::{Args as ClapArgs, Subcommand};
use domain::{
    Role, Timestamp,
    decision::{DecisionKind, Right},
};
use std::process::ExitCode;
use store::Store;

#[derive(Debug, Subcommand)]
pub enum DecisionCommand {
    /// Sets who may propose and vote on one kind of decision.
    Set(Set),
    /// Lists the rights.
    List,
}

#[derive(ClapArgs, Debug)]
pub struct Set {
    /// `alert_level`, `scoring_policy`, `suspend_organisation`, `admit_organisation`, `sharing_default` or `alliance_key`.
    kind: DecisionKind,
    /// Roles, separated by commas.
    #[arg(long, value_delimiter = ',', required = true)]
    proposers: Vec<Role>,
    /// Roles, separated by commas.
    #[arg(long, value_delimiter = ',', required = true)]
    voters: Vec<Role>,
    /// Per cent of the organisations that must vote for an outcome at the end.
    #[arg(long, value_parser = clap::value_parser!(u32).range(0..=100))]
    quorum: u32,
    /// Days that a decision is open.
    #[arg(long, value_parser = clap::value_parser!(i64).range(1..=365))]
    days: i64,
}

/// Sets or lists.
pub async fn run(store: &Store, command: DecisionCommand, now: Timestamp) -> anyhow::Result<ExitCode> {
    match command {
        DecisionCommand::Set(Set { kind, proposers, voters, quorum, days }) => {
            store.hub().set_decision_right(Right { kind, proposers, voters, quorum, days }, now).await?;
            print(&format!("set the right of {}", kind.name()))
        }
        DecisionCommand::List => {
            let words = |roles: &[Role]| roles.iter().map(|r| r.name()).collect::<Vec<_>>().join(", ");
            let row = |r: Right| vec![r.kind.name().to_owned(), words(&r.proposers), words(&r.voters), format!("{} %", r.quorum), r.days.to_string()];
            table(&["DECISION", "PROPOSED BY", "VOTED BY", "QUORUM", "DAYS"], store.hub().decision_rights().await?.into_iter().map(row))
        }
    }
}
