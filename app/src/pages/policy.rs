//! `/admin/policy`: the scoring policy in force with its catalogue of metrics, and proposing another.

use crate::{api::pages, components::*};
use domain::view::PolicyPage as Data;
use leptos::prelude::*;

/// The policy.
#[component]
pub fn PolicyPage() -> impl IntoView {
    let data = async move { pages().policy().await };
    view! { <AdminPage title="Scoring policy">{loaded(data, |page| view! { <Policy page/> })}</AdminPage> }
}

#[component]
fn Policy(page: Signal<Data>) -> impl IntoView {
    let p = page.get_untracked();
    let (policy, text) = (p.policy, p.text);
    let metric = |m: &domain::catalogue::MetricDefinition| {
        view! {
            <tr>
                <th scope="row">{m.title.clone()}<small class="quiet"><code>{m.key.clone()}</code></small></th>
                <td>{m.domain.code()}</td>
                <td>{m.format(m.target)}</td>
                <td>{m.format(m.floor)}</td>
                <td>{m.weight}</td>
            </tr>
        }
    };
    let rows = policy.metrics.iter().map(metric).collect_view();
    let n = policy.metrics.len() as u64;
    view! {
        <PageHead title=format!("Scoring policy, version {}", policy.version)>
            <span>"What every score is made of. Another one is proposed here, shown as a dry run at "<a href="/decisions">"Decisions"</a>", and in force once the alliance adopts it. "<a href="/about/scoring">"How scores are made"</a>"."</span>
        </PageHead>
        {p.may_propose.then(|| view! {
            <Card title="Propose another" id="propose">
                <form class="fields" method="post" action="/decisions">
                    <input type="hidden" name="kind" value="scoring_policy"/>
                    <label for="policy">"The policy and its catalogue as JSON; its version is given when it is adopted"</label>
                    <textarea id="policy" name="policy" rows="18" spellcheck="false" required class="code-area">{text}</textarea>
                    <label for="reason">"Why"</label>
                    <input id="reason" name="reason" required maxlength="1000" autocomplete="off"/>
                    <button class="primary">"Propose"</button>
                </form>
            </Card>
        })}
        {(!p.may_propose).then(|| view! { <p class="quiet">"Another policy is proposed by the hub's steward."</p> })}
        <Card title=format!("Catalogue: {}", plural(n, "metric", "metrics")) id="metrics">
            <div class="scroll" tabindex="0" role="region" aria-label="Metrics of the catalogue">
                <table class="people">
                    <caption class="sr">"Metrics of the catalogue"</caption>
                    <thead><tr><th scope="col">"Metric"</th><th scope="col">"Function"</th><th scope="col">"Target, 100 points"</th><th scope="col">"Floor, 0 points"</th><th scope="col">"Weight"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </Card>
    }
    .into_any()
}
