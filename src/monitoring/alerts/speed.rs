//! Alerts on how long customers wait: first response, resolution, chats, and what lies waiting.

use super::answers::Watched;
use super::{Compared, HISTORY, INSTALLATION, TREND, Terms, Whom, complete, complete_then, kpi, owned};
use crate::monitoring::alert::{Alert, Severity};

const RESPONSE: &str = "cx-response";
const CHATS: &str = "cx-chats";

pub(super) fn alerts(terms: &Terms<'_>) -> Vec<Alert> {
    let mut alerts = Vec::new();
    alerts.extend(slower(terms, "first_response").into_iter().map(|(against, expression)| {
        kpi("CxFirstResponseSlower", expression, "15m").apart_by("against", against).on(RESPONSE).saying(
            "First responses take much longer than before.",
            "Nine of ten first responses{{ with $labels.team }} of team {{ . }}{{ end }} come within {{ $value | humanizeDuration \
             }}, half as long again as before or more.",
        )
    }));
    alerts.push(kpi("CxFirstResponseTargetMissed", target_missed(terms, "first_response", "24h", 20), "15m").on(RESPONSE).saying(
        "Too few first responses meet their target.",
        "Over {{ $labels.window }} at best {{ $value | humanizePercentage }} of the first responses{{ with $labels.team }} of team \
         {{ . }}{{ end }} met their target.",
    ));
    alerts.extend(slower(terms, "resolution").into_iter().map(|(against, expression)| {
        kpi("CxResolutionSlower", expression, "15m").apart_by("against", against).on(RESPONSE).saying(
            "Resolutions take much longer than before.",
            "Nine of ten resolutions{{ with $labels.team }} of team {{ . }}{{ end }} come within {{ $value | humanizeDuration }}, \
             half as long again as before or more.",
        )
    }));
    alerts.push(kpi("CxResolutionTargetMissed", target_missed(terms, "resolution", "24h", 20), "15m").on(RESPONSE).saying(
        "Too few resolutions meet their target.",
        "Over {{ $labels.window }} at best {{ $value | humanizePercentage }} of the resolutions{{ with $labels.team }} of team {{ . \
         }}{{ end }} met their target.",
    ));
    alerts.push(kpi("CxUnansweredPastTarget", unanswered(terms), "15m").on(RESPONSE).saying(
        "Customers wait for a first response past its target.",
        "{{ $value }} tickets{{ with $labels.team }} of team {{ . }}{{ end }} have no first response and are past the target.",
    ));
    alerts.extend(of_chats(terms));
    alerts.extend(backlog(terms));
    alerts
}

/// Slow over the day, and still slow in the last hour: the first for truth, the second for being over.
fn slower(terms: &Terms<'_>, measure: &str) -> Vec<Compared> {
    let Whom { suffix, labels, .. } = terms.teams();
    let (hour, day) = (terms.window("1h"), terms.window("24h"));
    let p90 = |window: &str| format!("cx:{measure}_p90_seconds{suffix}:merged{{window=\"{window}\"}}");
    let count = format!("cx:{measure}_seconds{suffix}_count:sum{{window=\"{day}\"}}");
    let mut conditions = Vec::new();
    if terms.scale.baseline.has_offset() {
        let both = [hour, day].map(|window| format!("{} > 1.5 * ({} offset 7d)", p90(window), p90(window)));
        conditions.push((
            HISTORY,
            format!(
                "{} and on ({INSTALLATION}{labels}) {} and {count} >= 30 and ({count} offset 7d) >= 30 {} {}",
                both[1],
                both[0],
                complete(),
                complete_then("7d"),
            ),
        ));
    }
    if let Some((short, long)) = terms.trend(day) {
        let pair = format!("{{window=\"{short}\",baseline=\"{long}\"}}");
        let before = format!("1.5 * cx:{measure}_p90_seconds{suffix}:rest{pair}");
        let unless = if terms.scale.baseline.has_offset() {
            format!(" unless on ({INSTALLATION}{labels}) ({} offset 7d)", p90(day))
        } else {
            String::new()
        };
        conditions.push((
            TREND,
            format!(
                "{} > ignoring (baseline) group_left () {before} and on ({INSTALLATION}{labels}) {} > ignoring (window, baseline) \
             group_left () {before} \
             and {count} >= 30 and ignoring (baseline) cx:{measure}_seconds{suffix}_count:rest{pair} >= 30 {}{unless}",
                p90(day),
                p90(hour),
                complete(),
            ),
        ));
    }
    conditions
}

/// The share that met the target is below the required one for certain. What waits past its deadline is decided as missed already.
fn target_missed(terms: &Terms<'_>, measure: &str, window: &'static str, count_min: u32) -> String {
    let Whom { suffix, .. } = terms.teams();
    let window = terms.window(window);
    format!(
        "cx:{measure}_attainment_ratio_upper{suffix}:merged{{window=\"{window}\"}} < ignoring (window, metric) group_left () \
         cx:target{suffix}:max{{metric=\"{measure}_attainment\"}} and cx:{measure}_target_decided{suffix}:sum{{window=\"{window}\"}} >= {count_min} {}",
        complete(),
    )
}

/// Many, or a large share of those who wait. One late ticket of a quiet night is neither.
fn unanswered(terms: &Terms<'_>) -> String {
    let Whom { suffix, .. } = terms.teams();
    let late = format!("cx:backlog_unanswered_past_target_tickets{suffix}:sum");
    format!(
        "({late} >= 5 or {late} >= 3 and {late} > 0.2 * cx:backlog_unanswered_tickets{suffix}:sum) \
         and on ({INSTALLATION}) cx:backlog_complete:min == 1 {}",
        owned(),
    )
}

fn of_chats(terms: &Terms<'_>) -> Vec<Alert> {
    let Whom { suffix, labels, .. } = terms.teams();
    let moment = terms.window("5m");
    let waiting = format!(
        "cx:chats_waiting{suffix}:sum >= 5 unless on ({INSTALLATION}{labels}) cx:chats_accepted{suffix}:sum{{window=\"{moment}\"}} > 0 \
         and on ({INSTALLATION}) cx:window_complete:bool{{window=\"{moment}\"}} == 1",
    );
    let wait = kpi("CxChatWaitHigh", target_missed(terms, "chat_wait", "5m", 10), "5m").of_severity(Severity::Critical).on(CHATS).saying(
        "Too many customers wait too long for a chat.",
        "Over {{ $labels.window }} at best {{ $value | humanizePercentage }} of the chats{{ with $labels.team }} of team {{ . }}{{ \
         end }} were accepted in time.",
    );
    let waiting = kpi("CxChatsWaiting", waiting, "5m").of_severity(Severity::Critical).kept("5m").on(CHATS).saying(
        "Customers wait in chats and nobody accepts them.",
        "{{ $value }} chats{{ with $labels.team }} of team {{ . }}{{ end }} are waiting, and none was accepted in the last minutes.",
    );
    let abandoned = Watched { family: "cx:chat_abandonment_ratio", count: "cx:chats_accepted", falls: false, count_min: 30 };
    let mut alerts = vec![wait, waiting];
    alerts.extend(abandoned.changed(terms, terms.teams()).into_iter().map(|(against, expression)| {
        kpi("CxChatAbandonmentRising", expression, "15m").apart_by("against", against).on(CHATS).saying(
            "More customers than before leave a chat before anyone answers.",
            "The share of abandoned chats{{ with $labels.team }} of team {{ . }}{{ end }} has risen by more than chance: z is {{ \
             printf \"%.1f\" $value }}.",
        )
    }));
    alerts
}

/// Against a week ago and still rising; without such history, more opened than resolved over a whole week.
fn backlog(terms: &Terms<'_>) -> Vec<Alert> {
    let week = terms.window("7d");
    let now = "cx:backlog_tickets:sum";
    let mut conditions = Vec::new();
    if terms.scale.baseline.has_offset() {
        conditions.push((HISTORY, format!("{now} > 1.3 * ({now} offset 7d) and {now} >= 20 and deriv({now}[6h]) > 0 {}", owned())));
    }
    if terms.scale.baseline.has_trend() {
        let unless =
            if terms.scale.baseline.has_offset() { format!(" unless on ({INSTALLATION}) ({now} offset 7d)") } else { String::new() };
        conditions.push((
            TREND,
            format!(
                "{now} >= 20 and on ({INSTALLATION}) cx:tickets_created:sum{{window=\"{week}\"}} > 1.3 * \
             cx:tickets_resolved:sum{{window=\"{week}\"}} \
             and on ({INSTALLATION}) cx:tickets_created:sum{{window=\"{week}\"}} >= 20 \
             and on ({INSTALLATION}) cx:window_complete:bool{{window=\"{week}\"}} == 1{unless}",
            ),
        ));
    }
    let alert = |(against, expression): Compared| {
        kpi("CxBacklogGrowing", expression, "2h")
            .apart_by("against", against)
            .on(CHATS)
            .saying("More tickets come in than are resolved.", "{{ $value }} tickets are open, and their number grows.")
    };
    conditions.into_iter().map(alert).collect()
}
