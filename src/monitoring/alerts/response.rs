//! Alerts on response and resolution: times that have become longer, and targets that are missed.

use super::comparisons::{Comparison, HISTORY, TREND, target_missed_alert};
use super::conditions::{Breakdown, Conditions, complete, organisation_alert, owned};
use super::evidence::{Evidence, Format, GROUP};
use crate::monitoring::alert::Alert;
use crate::monitoring::promql::INSTALLATION;

const RESPONSE: &str = "cx-response";

pub(super) fn alerts(conditions: &Conditions<'_>) -> Vec<Alert> {
    let mut alerts = Vec::new();
    let day = Some(conditions.window("24h"));
    alerts.extend(slower(conditions, "first_response", "first responses").into_iter().map(|comparison| {
        comparison.alert("CxFirstResponseSlower", "15m", day).kept("45m").on(RESPONSE).saying(
            "First responses take longer than before.",
            "Nine of ten first responses{{ with $labels.team }} of team {{ . }}{{ end }} come within {{ $value | humanizeDuration \
             }}; that they take longer than before is more than chance.",
        )
    }));
    alerts.push(target_missed_alert(conditions, "CxFirstResponseTargetMissed", "first_response", "24h", 20, "15m").on(RESPONSE).saying(
        "Too few first responses meet their target.",
        "Over {{ $labels.window }} at best {{ $value | humanizePercentage }} of the first responses{{ with $labels.team }} of team \
         {{ . }}{{ end }} met their target.",
    ));
    alerts.push(target_missed_alert(conditions, "CxNextResponseTargetMissed", "next_response", "24h", 20, "15m").on(RESPONSE).saying(
        "Too few further replies meet their target.",
        "Over {{ $labels.window }} at best {{ $value | humanizePercentage }} of the further replies{{ with $labels.team }} of team \
                 {{ . }}{{ end }} met their target.",
    ));
    alerts.extend(slower(conditions, "resolution", "resolutions").into_iter().map(|comparison| {
        comparison.alert("CxResolutionSlower", "15m", day).kept("45m").on(RESPONSE).saying(
            "Resolutions take longer than before.",
            "Nine of ten resolutions{{ with $labels.team }} of team {{ . }}{{ end }} come within {{ $value | humanizeDuration }}; that \
             they take longer than before is more than chance.",
        )
    }));
    alerts.push(target_missed_alert(conditions, "CxResolutionTargetMissed", "resolution", "24h", 20, "15m").on(RESPONSE).saying(
        "Too few resolutions meet their target.",
        "Over {{ $labels.window }} at best {{ $value | humanizePercentage }} of the resolutions{{ with $labels.team }} of team {{ . \
                 }}{{ end }} met their target.",
    ));
    let teams = conditions.teams();
    let of_group = |name: &str| format!("cx:backlog_{name}_tickets{}:sum{{{GROUP}}}", teams.suffix);
    let late =
        Evidence::of(teams).now(&of_group("unanswered_past_target"), Format::Count, &of_group("unanswered"), "tickets wait for an answer");
    alerts.push(organisation_alert("CxUnansweredPastTarget", unanswered(conditions), "15m").shown_by(late, None).on(RESPONSE).saying(
        "Customers are waiting for a first response past its target.",
        "{{ $value }} tickets{{ with $labels.team }} of team {{ . }}{{ end }} have no first response and are past the target.",
    ));
    alerts.extend(due_soon(conditions));
    alerts
}

/// Slower over the day than the same days of the last weeks by more than chance. It ends when the last hour is not slower at all, so that a cause that
/// has ended does not alert for another day. Without such history: one and a half times as slow over the day and over the hour as the rest of the week.
fn slower(conditions: &Conditions<'_>, measure: &str, noun: &str) -> Vec<Comparison> {
    let Breakdown { suffix, labels, .. } = conditions.teams();
    let (hour, day) = (conditions.window("1h"), conditions.window("24h"));
    let p90 = |window: &str| format!("cx:{measure}_p90_seconds{suffix}:merged{{window=\"{window}\"}}");
    let count_of = |end: &str, window: &str| format!("cx:{measure}_seconds{suffix}_count:{end}{{window=\"{window}\"}}");
    let count = count_of("sum", day);
    let of_group = |name: &str, end: &str, window: &str| format!("cx:{measure}_{name}:{end}{{window=\"{window}\",{GROUP}}}");
    let now = || {
        let value = of_group(&format!("p90_seconds{suffix}"), "merged", day);
        Evidence::of(conditions.teams()).now(&value, Format::Duration, &of_group(&format!("seconds{suffix}_count"), "sum", day), noun)
    };
    let metric = format!("{measure}_mean");
    let mut comparisons = Vec::new();
    if conditions.parameters.baseline.has_offset() {
        let past = format!("histogram_quantile(0.9, {})", of_group(&format!("seconds{suffix}_bucket"), "past", day));
        let evidence = now().usual(&past, Format::Duration).moved(conditions, &metric, false);
        let z = |window: &str| format!("cx:{measure}_seconds{suffix}:z_past{{window=\"{window}\"}}");
        let over = format!("{} <= 0 and {} >= 10", z(hour), count_of("sum", hour));
        let expression = format!(
            "{} and {} > 4 and {count} >= 30 and {} >= 30 {} unless on ({INSTALLATION}{labels}) ({over})",
            p90(day),
            z(day),
            count_of("past", day),
            complete(),
        );
        comparisons.push(Comparison { against: HISTORY, expression, evidence });
    }
    if let Some((short, long)) = conditions.trend(day) {
        let pair = format!("{{window=\"{short}\",baseline=\"{long}\"}}");
        let before = format!("1.5 * cx:{measure}_p90_seconds{suffix}:rest{pair}");
        let unless = if conditions.parameters.baseline.has_offset() {
            format!(" unless on ({INSTALLATION}{labels}) ({} offset 7d)", p90(day))
        } else {
            String::new()
        };
        let rest = format!("cx:{measure}_p90_seconds{suffix}:rest{{window=\"{short}\",baseline=\"{long}\",{GROUP}}}");
        let evidence = now().usual(&rest, Format::Duration).moved(conditions, &metric, false);
        let expression = format!(
            "{} > ignoring (baseline) group_left () {before} and on ({INSTALLATION}{labels}) {} > ignoring (window, baseline) \
             group_left () {before} \
             and {count} >= 30 and ignoring (baseline) cx:{measure}_seconds{suffix}_count:rest{pair} >= 30 {}{unless}",
            p90(day),
            p90(hour),
            complete(),
        );
        comparisons.push(Comparison { against: TREND, expression, evidence });
    }
    comparisons
}

/// Many tickets, or a large share of the waiting ones. One late ticket of a quiet night is neither.
fn unanswered(conditions: &Conditions<'_>) -> String {
    let Breakdown { suffix, .. } = conditions.teams();
    let late = format!("cx:backlog_unanswered_past_target_tickets{suffix}:sum");
    format!(
        "({late} >= 5 or {late} >= 3 and {late} > 0.2 * cx:backlog_unanswered_tickets{suffix}:sum) \
         and on ({INSTALLATION}) cx:backlog_complete:min == 1 {}",
        owned(),
    )
}

/// More falls due within an hour than the team usually does in that hour of the week, so some of it will be late. Only the history of
/// Prometheus says what is usual: a mean over all hours would cry every morning.
fn due_soon(conditions: &Conditions<'_>) -> Vec<Alert> {
    let Some(within) = conditions.due_hour.filter(|_| conditions.parameters.baseline.has_offset()) else { return Vec::new() };
    let Breakdown { suffix, .. } = conditions.teams();
    let alert = |(target, done): (&str, String)| {
        let due = format!("cx:backlog_due_tickets{suffix}:sum{{target=\"{target}\",within=\"{within}\"}}");
        let expression = format!(
            "{due} >= 5 and {due} > ignoring (target, within, window) group_left () (1.5 * {done}) \
             and on ({INSTALLATION}) cx:backlog_complete:min == 1 {}",
            owned(),
        );
        let of_group = done.replacen(":usual", &format!(":usual{{{GROUP}}}"), 1);
        let evidence = Evidence::of(conditions.teams()).usual(&of_group, Format::Count);
        organisation_alert("CxDueSoon", expression, "5m").apart_by("target", target).shown_by(evidence, None).on(RESPONSE).saying(
            "More tickets fall due within the hour than are usually done in it.",
            "{{ $value }} tickets{{ with $labels.team }} of team {{ . }}{{ end }} reach their {{ $labels.target }} target within the hour, more \
             than one and a half times as many as are usually done in this hour of the week.",
        )
    };
    let done = [
        ("first_response", format!("cx:tickets_first_responded{suffix}:usual")),
        ("next_response", format!("cx:next_response_seconds{suffix}_count:usual")),
        ("resolution", format!("cx:tickets_resolved{suffix}:usual")),
    ];
    done.into_iter().map(alert).collect()
}
