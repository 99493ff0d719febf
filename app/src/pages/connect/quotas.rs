//! What the organisation may take of the hub, and has taken.

use crate::components::*;
use domain::view::{Connect, QuotaRow};
use leptos::prelude::*;

/// A warning from four fifths of a quota on; the numbers of all.
#[component]
pub fn Quotas(page: Signal<Connect>) -> impl IntoView {
    let near = move || page.with(|p| p.quotas.iter().filter(|q| q.is_near()).map(warning).collect_view());
    let rows = move || page.with(|p| p.quotas.iter().map(row).collect_view());
    view! {
        {near}
        <Card title="Quotas" id="quotas">
            <div class="scroll" tabindex="0" role="region" aria-label="Quotas">
                <table>
                    <caption class="sr">"Quotas of your organisation"</caption>
                    <thead>
                        <tr><th scope="col">"Quota"</th><th scope="col">"Used"</th><th scope="col">"Limit"</th></tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
            <p class="quiet">"Days end at midnight UTC. Stored bytes go down as old payloads are deleted."</p>
        </Card>
    }
}

fn warning(quota: &QuotaRow) -> impl IntoView + use<> {
    let (used, limit, name) = (amount(quota, quota.used), amount(quota, quota.limit), quota.name.clone());
    view! {
        <p class="notice" role="status">"Your organisation has used "{used}" of "{limit}" ("{name}"). At the limit the hub refuses more: ask its operator for a higher quota in time."</p>
    }
}

fn row(quota: &QuotaRow) -> impl IntoView + use<> {
    view! {
        <tr data-key=quota.name.clone()>
            <th scope="row">{first_upper(&quota.name)}</th>
            <td>{amount(quota, quota.used)}</td>
            <td>{amount(quota, quota.limit)}</td>
        </tr>
    }
}

fn first_upper(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A number, or bytes in the unit that people say.
fn amount(quota: &QuotaRow, n: u64) -> String {
    if !quota.bytes {
        return count(n);
    }
    let units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    let place = (0..units.len()).rev().find(|place| n >> (10 * place) > 0).unwrap_or(0);
    let (whole, tenths) = (n >> (10 * place), ((n % (1 << (10 * place))) * 10) >> (10 * place));
    if tenths == 0 { format!("{} {}", count(whole), units[place]) } else { format!("{}.{tenths} {}", count(whole), units[place]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_said_in_their_unit() {
        let quota = |used, limit, bytes| QuotaRow { name: "bytes per day".into(), used, limit, bytes };
        let said = |n| amount(&quota(0, 0, true), n);
        assert_eq!([0, 900, 1_536, 1 << 30, 20 << 30].map(said), ["0 bytes", "900 bytes", "1.5 KiB", "1 GiB", "20 GiB"]);
        assert_eq!(amount(&quota(0, 0, false), 1_200), count(1_200));
        assert!(quota(80, 100, true).is_near() && !quota(79, 100, true).is_near());
        assert_eq!(first_upper("bytes per day"), "Bytes per day");
    }
}
