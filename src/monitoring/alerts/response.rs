//! Alerts on response and resolution: times that have become longer, and targets that are missed.

use super::comparisons::{Comparison, HISTORY, TREND, WatchedDurations, slower, target_missed_alert};
use super::conditions::{Breakdown, Conditions, KEPT, organisation_alert, owned};
use super::evidence::{Evidence, Format, GROUP};
use crate::monitoring::alert::Alert;
use crate::monitoring::promql::{INSTALLATION, spread_of_count};

const RESPONSE: &str = "cx-response";

/// By how many standard deviations the present must be worse than usual. The bench of pages says how often each is wrong.
const FIRST_RESPONSES: WatchedDurations =
    WatchedDurations { measure: "first_response", noun: "first responses", z_min: "3.8", waits_z_min: Some("3.8") };
const RESOLUTIONS: WatchedDurations = WatchedDurations { measure: "resolution", noun: "resolutions", z_min: "4", waits_z_min: None };
/// The same for tickets past their target, tickets that wait, and tickets that fall due.
const LATE_Z: &str = "4.2";
const WAITING_Z: &str = "3.8";
const DUE_Z: &str = "5";

pub(super) fn alerts(conditions: &Conditions<'_>) -> Vec<Alert> {
    let mut alerts = Vec::new();
    let day = Some(conditions.window("24h"));
    alerts.extend(slower(conditions, &FIRST_RESPONSES).into_iter().map(|comparison| {
        comparison.alert("CxFirstResponseSlower", "15m", day).kept(KEPT).on(RESPONSE).saying(
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
    alerts.extend(slower(conditions, &RESOLUTIONS).into_iter().map(|comparison| {
        comparison.alert("CxResolutionSlower", "15m", day).kept(KEPT).on(RESPONSE).saying(
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
    alerts.extend(unanswered_past_target(conditions));
    alerts.extend(unanswered_rising(conditions));
    alerts.extend(due_soon(conditions));
    alerts
}

/// More tickets are past the target than usually are at this hour of the week. Without such history: many tickets, or a large share of the waiting ones; one
/// late ticket of a quiet night is neither.
fn unanswered_past_target(conditions: &Conditions<'_>) -> Vec<Alert> {
    let teams = conditions.teams();
    let Breakdown { suffix, labels, .. } = teams;
    let late = |end: &str| format!("cx:backlog_unanswered_past_target_tickets{suffix}:{end}");
    let guards = format!("and on ({INSTALLATION}) cx:backlog_complete:min == 1 {}", owned());
    let of_group = |name: &str, end: &str| format!("cx:backlog_{name}_tickets{suffix}:{end}{{{GROUP}}}");
    let now = || {
        let (value, waiting) = (of_group("unanswered_past_target", "sum"), of_group("unanswered", "sum"));
        Evidence::of(teams).now(&value, Format::Count, &waiting, "tickets wait for an answer")
    };
    let mut comparisons = Vec::new();
    let has_offset = conditions.parameters.baseline.has_offset();
    if has_offset {
        let evidence = now().usual(&of_group("unanswered_past_target", "expected"), Format::Count);
        let expression = format!("{} >= 5 and {} > {LATE_Z} {guards}", late("sum"), late("z_usual"));
        comparisons.push(Comparison { against: HISTORY, expression, evidence });
    }
    if conditions.parameters.baseline.has_trend() {
        let unless = if has_offset { format!(" unless on ({INSTALLATION}{labels}) {}", late("expected")) } else { String::new() };
        let expression =
            format!("({0} >= 5 or {0} >= 3 and {0} > 0.2 * cx:backlog_unanswered_tickets{suffix}:sum) {guards}{unless}", late("sum"));
        comparisons.push(Comparison { against: TREND, expression, evidence: now() });
    }
    let alert = |comparison: Comparison| {
        comparison.alert("CxUnansweredPastTarget", "15m", None).kept(KEPT).on(RESPONSE).saying(
            "Customers are waiting for a first response past its target.",
            "{{ $value }} tickets{{ with $labels.team }} of team {{ . }}{{ end }} have no first response and are past the target.",
        )
    };
    comparisons.into_iter().map(alert).collect()
}

/// More tickets wait for a first response than usually do at this hour of the week with so many new tickets: work has become slower, which the durations show
/// only once these tickets are answered.
fn unanswered_rising(conditions: &Conditions<'_>) -> Option<Alert> {
    let teams = conditions.teams();
    let of = |end: &str| format!("cx:backlog_unanswered_tickets{}:{end}", teams.suffix);
    let expression =
        format!("{} >= 5 and {} > {WAITING_Z} and on ({INSTALLATION}) cx:backlog_complete:min == 1 {}", of("sum"), of("z_usual"), owned(),);
    let evidence = Evidence::of(teams).usual(&format!("{}{{{GROUP}}}", of("expected")), Format::Count);
    let alert = organisation_alert("CxUnansweredRising", expression, "15m").kept(KEPT).shown_by(evidence, None).on(RESPONSE).saying(
        "More customers than usual are waiting for a first response.",
        "{{ $value }} tickets{{ with $labels.team }} of team {{ . }}{{ end }} have no first response, more than usual at this hour of the week.",
    );
    conditions.parameters.baseline.has_offset().then_some(alert)
}

/// More falls due within an hour than the team usually does in that hour of the week, so some of it will be late. Only the history of
/// Prometheus says what is usual: a mean over all hours would cry every morning.
fn due_soon(conditions: &Conditions<'_>) -> Vec<Alert> {
    let Some(within) = conditions.due_hour.filter(|_| conditions.parameters.baseline.has_offset()) else { return Vec::new() };
    let Breakdown { suffix, .. } = conditions.teams();
    let alert = |(target, done): (&str, String)| {
        let due = format!("cx:backlog_due_tickets{suffix}:sum{{target=\"{target}\",within=\"{within}\"}}");
        let expression = format!(
            "{due} >= 5 and {due} - ignoring (target, within, window) group_left () {done} \
             > ignoring (target, within, window) group_left () ({DUE_Z} * {}) \
             and on ({INSTALLATION}) cx:backlog_complete:min == 1 {}",
            spread_of_count(&done, 0.09),
            owned(),
        );
        let of_group = done.replacen(":usual", &format!(":usual{{{GROUP}}}"), 1);
        let evidence = Evidence::of(conditions.teams()).usual(&of_group, Format::Count);
        organisation_alert("CxDueSoon", expression, "5m").apart_by("target", target).shown_by(evidence, None).on(RESPONSE).saying(
            "More tickets fall due within the hour than are usually done in it.",
            "{{ $value }} tickets{{ with $labels.team }} of team {{ . }}{{ end }} reach their {{ $labels.target }} target within the hour, more \
             than are usually done in this hour of the week.",
        )
    };
    let done = [
        ("first_response", format!("cx:tickets_first_responded{suffix}:usual")),
        ("next_response", format!("cx:next_response_seconds{suffix}_count:usual")),
        ("resolution", format!("cx:tickets_resolved{suffix}:usual")),
    ];
    done.into_iter().map(alert).collect()
}
