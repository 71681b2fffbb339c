//! Alerts on chats and the backlog: customers who wait for an agent or give up, and a number of open tickets that grows.

use super::comparisons::{Comparison, HISTORY, TREND, WatchedProportion, target_missed_alert};
use super::conditions::{Breakdown, Conditions, KEPT, OVERALL, organisation_alert, owned};
use super::evidence::{Evidence, Format, GROUP};
use crate::monitoring::alert::{Alert, AlertSeverity};
use crate::monitoring::promql::INSTALLATION;

const CHATS: &str = "cx-chats";

/// By how many standard deviations more tickets must be open than usually are. The bench of pages says how often the alert is wrong.
const BACKLOG_Z: &str = "3.5";

pub(super) fn alerts(conditions: &Conditions<'_>) -> Vec<Alert> {
    let mut alerts = of_chats(conditions);
    alerts.extend(backlog(conditions));
    alerts
}

fn of_chats(conditions: &Conditions<'_>) -> Vec<Alert> {
    let Breakdown { suffix, labels, .. } = conditions.teams();
    let moment = conditions.window("5m");
    let waiting = format!(
        "cx:chats_waiting{suffix}:sum >= 5 unless on ({INSTALLATION}{labels}) cx:chats_accepted{suffix}:sum{{window=\"{moment}\"}} > 0 \
         and on ({INSTALLATION}) cx:window_complete:bool{{window=\"{moment}\"}} == 1",
    );
    let wait = target_missed_alert(conditions, "CxChatWaitHigh", "chat_wait", "5m", 10, "5m")
        .of_severity(AlertSeverity::Critical)
        .on(CHATS)
        .saying(
            "Too many customers wait too long for a chat.",
            "Over {{ $labels.window }} at best {{ $value | humanizePercentage }} of the chats{{ with $labels.team }} of team {{ . }}{{ \
         end }} were accepted in time.",
        );
    let waiting = organisation_alert("CxChatsWaiting", waiting, "5m").of_severity(AlertSeverity::Critical).kept("5m");
    let waiting = waiting.shown_by(Evidence::of(conditions.teams()), None).on(CHATS).saying(
        "Customers are waiting in chats, and no agent accepts them.",
        "{{ $value }} chats{{ with $labels.team }} of team {{ . }}{{ end }} are waiting, and none was accepted in the last minutes.",
    );
    let abandoned = WatchedProportion {
        family: "cx:chat_abandonment_ratio",
        count: "cx:chats_accepted",
        noun: "accepted chats",
        falls: false,
        count_min: 30,
        is_watched_overall_too: false,
    };
    let mut alerts = vec![wait, waiting];
    alerts.extend(abandoned.changed(conditions, conditions.teams()).into_iter().map(|change| {
        change.alert("CxChatAbandonmentRising", "15m").kept(KEPT).on(CHATS).saying(
            "More customers than before leave a chat before an agent joins.",
            "The share of abandoned chats{{ with $labels.team }} of team {{ . }}{{ end }} has risen by more than chance: z is {{ \
             printf \"%.1f\" $value }}.",
        )
    }));
    alerts
}

/// The backlog is larger than usual at this hour of the week by more than chance and by three tenths, and still rising. Without such history: more tickets
/// were created than resolved over a whole week.
fn backlog(conditions: &Conditions<'_>) -> Vec<Alert> {
    let week = conditions.window("7d");
    let now = "cx:backlog_tickets:sum";
    let mut comparisons = Vec::new();
    if conditions.parameters.baseline.has_offset() {
        let (usual, z) = ("cx:backlog_tickets:usual", "cx:backlog_tickets:z_usual");
        let expression = format!("{now} > 1.3 * {usual} and {z} > {BACKLOG_Z} and {now} >= 20 and deriv({now}[6h]) > 0 {}", owned());
        let evidence = Evidence::of(OVERALL).usual(&format!("{usual}{{{GROUP}}}"), Format::Count);
        comparisons.push(Comparison { against: HISTORY, expression, evidence });
    }
    if conditions.parameters.baseline.has_trend() {
        let unless = if conditions.parameters.baseline.has_offset() {
            format!(" unless on ({INSTALLATION}) cx:backlog_tickets:usual")
        } else {
            String::new()
        };
        let of_week = |name: &str| format!("cx:tickets_{name}:sum{{window=\"{week}\",{GROUP}}}");
        let evidence = Evidence::of(OVERALL).beside("Created ", &of_week("created"), Format::Count, &of_week("resolved"), "resolved");
        let expression = format!(
            "{now} >= 20 and on ({INSTALLATION}) cx:tickets_created:sum{{window=\"{week}\"}} > 1.3 * \
             cx:tickets_resolved:sum{{window=\"{week}\"}} \
             and on ({INSTALLATION}) cx:tickets_created:sum{{window=\"{week}\"}} >= 20 \
             and on ({INSTALLATION}) cx:window_complete:bool{{window=\"{week}\"}} == 1{unless}",
        );
        comparisons.push(Comparison { against: TREND, expression, evidence });
    }
    let alert = |comparison: Comparison| {
        comparison
            .alert("CxBacklogGrowing", "2h", None)
            .on(CHATS)
            .saying("More tickets are created than resolved.", "{{ $value }} tickets are open, and their number is growing.")
    };
    comparisons.into_iter().map(alert).collect()
}
