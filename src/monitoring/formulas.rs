//! The formulas by which each derived family is computed again from parts that add up over replicas: PromQL over the exported names, each
//! of which means here the merged series of the same grouping set.
//!
//! Does not know grouping sets, recorded names or YAML.

use super::promql::{self, INSTALLATION};

/// A family that is the share of a part in a whole. Its Wilson bounds are the families `..._lower` and `..._upper`.
pub(super) struct Proportion {
    /// The name of the family.
    pub(super) name: &'static str,
    /// Its numerator.
    pub(super) part: &'static str,
    /// Its denominator.
    pub(super) whole: &'static str,
}

/// The label sets of some parts exist only once something was counted. `part or 0 * whole` makes such a part 0 where the whole exists.
pub(super) const PROPORTIONS: [Proportion; 22] = [
    share("cx_reopen_ratio", "(cx_tickets_resolved_reopened or 0 * cx_tickets_resolved)", "cx_tickets_resolved"),
    share("cx_escalation_ratio", "(cx_tickets_resolved_escalated or 0 * cx_tickets_resolved)", "cx_tickets_resolved"),
    share("cx_transfer_ratio", "(cx_tickets_resolved_transferred or 0 * cx_tickets_resolved)", "cx_tickets_resolved"),
    share("cx_first_contact_resolution_ratio", "(cx_first_contact_resolved or 0 * cx_tickets_resolved)", "cx_tickets_resolved"),
    share(
        "cx_chat_abandonment_ratio",
        "(cx_chats_abandoned_counted or 0 * cx_chats_accepted)",
        "((cx_chats_abandoned_counted or 0 * cx_chats_accepted) + (cx_chats_accepted or 0 * cx_chats_abandoned_counted))",
    ),
    share("cx_csat_ratio", "cx_csat_satisfied_responses", "cx_csat_responses"),
    share("cx_survey_response_ratio", "cx_surveys_answered", "cx_surveys_sent"),
    share("cx_ces_low_effort_ratio", "cx_ces_low_effort_responses", "cx_ces_responses"),
    share("cx_ces_high_effort_ratio", "cx_ces_high_effort_responses", "cx_ces_responses"),
    share("cx_churn_ratio", "cx_customers_churned", "cx_customers_active_at_start"),
    share("cx_retention_ratio", "(cx_customers_active_at_start - cx_customers_churned)", "cx_customers_active_at_start"),
    share("cx_repeat_contact_ratio", "(cx_repeat_contacts or 0 * cx_contacts)", "cx_contacts"),
    share("cx_channel_switch_ratio", "cx_channel_switches", "cx_repeat_contacts"),
    share("cx_journey_conversion_ratio", "cx_journey_advanced", "(cx_journey_advanced + cx_journey_dropped)"),
    share("cx_journey_dropoff_ratio", "cx_journey_dropped", "(cx_journey_advanced + cx_journey_dropped)"),
    share("cx_first_response_attainment_ratio", "cx_first_response_within_target", "cx_first_response_target_decided"),
    share("cx_next_response_attainment_ratio", "cx_next_response_within_target", "cx_next_response_target_decided"),
    share("cx_resolution_attainment_ratio", "cx_resolution_within_target", "cx_resolution_target_decided"),
    share("cx_chat_wait_attainment_ratio", "cx_chat_wait_within_target", "cx_chat_wait_target_decided"),
    share(
        "cx_csat_ratio_within_first_response_target",
        "cx_csat_satisfied_responses_within_first_response_target",
        "cx_csat_responses_within_first_response_target",
    ),
    share(
        "cx_csat_ratio_beyond_first_response_target",
        "cx_csat_satisfied_responses_beyond_first_response_target",
        "cx_csat_responses_beyond_first_response_target",
    ),
    share("cx_churn_ratio_by_experience", "cx_customers_churned_by_experience", "cx_customers_active_at_start_by_experience"),
];

/// Series that no replica exports and that several formulas share, each after the series that it reads. In the adjusted score one promoter,
/// one passive and one detractor are added. A pooled correlation weights each replica by the number of its pairs less 3, as Fisher's z
/// does.
pub(super) const HELPERS: [(&str, &str); 4] = [
    ("cx_nps_answers", "sum without (group) (cx_nps_responses)"),
    (
        "cx_nps_score_adjusted",
        "100 * (sum without (group) (cx_nps_responses{group=\"promoter\"}) - sum without (group) (cx_nps_responses{group=\"detractor\"})) \
         / (cx_nps_answers + 3 > 3)",
    ),
    (
        "cx_nps_score_variance",
        "(1e4 * (sum without (group) (cx_nps_responses{group=~\"promoter|detractor\"}) + 2) / (cx_nps_answers + 3) \
         - cx_nps_score_adjusted ^ 2) / (cx_nps_answers + 3)",
    ),
    ("cx_correlation_weight", "sum without (REPLICA) ((raw_cx_correlation_pairs - 3) and raw_cx_correlation)"),
];

/// The derived families that are neither a proportion nor the mean or a quantile of a histogram. A mean score exists only where every
/// replica that has answers has one, because answers on several scales have no common mean.
const EXPRESSIONS: [(&str, &str); 5] = [
    (
        "cx_csat_mean_score",
        "cx_csat_score_points / (cx_csat_responses > 0) unless max without (REPLICA) (raw_cx_csat_responses > 0 unless raw_cx_csat_mean_score)",
    ),
    ("cx_ces_effort_score", "cx_ces_effort_points / (cx_ces_responses > 0)"),
    ("cx_journey_transition_ratio", "cx_journey_transitions / ignoring (to) group_left () (sum without (to) (cx_journey_transitions) > 0)"),
    ("cx_nps_score", "cx_nps_score_adjusted * (cx_nps_answers + 3) / cx_nps_answers"),
    (
        "cx_correlation",
        "tanh(sum without (REPLICA) ((raw_cx_correlation_pairs - 3) * atanh(clamp(raw_cx_correlation, -0.9999999, 0.9999999))) / cx_correlation_weight)",
    ),
];

/// The proportions that are not known before anything of their part was ever seen, each with the family that says so, and the labels by which
/// it is joined, beside those of the installation.
const KNOWN_SINCE: [(&str, &str, &str); 3] = [
    ("cx_escalation_ratio", "cx_escalation_ever_seen", ""),
    ("cx_transfer_ratio", "cx_transfer_ever_seen", ""),
    ("cx_survey_response_ratio", "cx_survey_answer_ever_seen", ", metric"),
];

/// The formula of a derived family; `None` for a family that needs more than one rule. `durations` are the names of the histograms without
/// `_seconds`.
pub(super) fn of(family: &str, durations: &[&str]) -> Option<String> {
    let proportion = PROPORTIONS.iter().find_map(|p| {
        let is_bound = |side: &str| family == bound_of(p.name, side);
        let formula = if family == p.name {
            promql::share(p.part, p.whole)
        } else if is_bound("lower") {
            promql::wilson_lower(p.part, p.whole)
        } else {
            is_bound("upper").then(|| promql::wilson_upper(p.part, p.whole))?
        };
        Some(match known_since(p.name) {
            Some((seen, labels)) => format!("{formula} and on ({INSTALLATION}{labels}) {seen} == 1"),
            None => formula,
        })
    });
    let expression = || EXPRESSIONS.iter().find(|(name, _)| *name == family).map(|(_, expression)| (*expression).to_owned());
    proportion.or_else(expression).or_else(|| interval(family)).or_else(|| of_durations(family, durations))
}

/// The family that says whether a proportion is known, and the labels by which it is joined, beside those of the installation; `None` for one that is
/// always known.
pub(super) fn known_since(family: &str) -> Option<(&'static str, &'static str)> {
    KNOWN_SINCE.iter().find(|(name, ..)| *name == family).map(|(_, seen, labels)| (*seen, *labels))
}

/// The proportion of a family.
///
/// # Panics
/// When the family is no proportion.
pub(super) fn proportion(family: &str) -> &'static Proportion {
    PROPORTIONS.iter().find(|p| p.name == family).expect("a proportion is looked up by its own name")
}

fn interval(family: &str) -> Option<String> {
    let nps = |side| promql::bound("cx_nps_score_adjusted", side, "sqrt(cx_nps_score_variance)");
    let rho = |side| {
        let centre = "atanh(clamp(cx_correlation, -0.9999999, 0.9999999))";
        format!("tanh({})", promql::bound(centre, side, "sqrt((1 + cx_correlation ^ 2 / 2) / cx_correlation_weight)"))
    };
    Some(match family {
        "cx_nps_score_lower" => format!("clamp_min({}, -100)", nps('-')),
        "cx_nps_score_upper" => format!("clamp_max({}, 100)", nps('+')),
        "cx_correlation_lower" => rho('-'),
        "cx_correlation_upper" => rho('+'),
        _ => return None,
    })
}

/// The mean of a histogram, or its quantile as interpolated between the exported bounds.
fn of_durations(family: &str, durations: &[&str]) -> Option<String> {
    durations.iter().find_map(|stem| {
        let rest = family.strip_prefix(stem)?.strip_suffix("_seconds")?;
        match rest.strip_prefix("_p").and_then(|percent| percent.parse::<u8>().ok()) {
            Some(percent) => Some(quantile(percent, &format!("{stem}_seconds_bucket"))),
            None => (rest == "_mean").then(|| promql::share(&format!("{stem}_seconds_sum"), &format!("{stem}_seconds_count"))),
        }
    })
}

/// A quantile of histogram buckets; absent where they are empty, because the quantile is then NaN and `NaN >= 0` does not hold.
pub(super) fn quantile(percent: u8, buckets: &str) -> String {
    format!("histogram_quantile({}, {buckets}) >= 0", f64::from(percent) / 100.0)
}

/// The name of a bound of a proportion: `cx_x_ratio_lower`, or `cx_x_ratio_lower_by_experience` of `cx_x_ratio_by_experience`.
fn bound_of(name: &str, side: &str) -> String {
    match name.strip_suffix("_by_experience") {
        Some(stem) => format!("{stem}_{side}_by_experience"),
        None => format!("{name}_{side}"),
    }
}

const fn share(name: &'static str, part: &'static str, whole: &'static str) -> Proportion {
    Proportion { name, part, whole }
}
