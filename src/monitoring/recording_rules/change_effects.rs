//! What marked changes did, computed again from the day sums of all replicas: the PromQL of `metrics::change_effects`.
//!
//! An effect is there only while every replica compares as many weeks, so that no day is the sum of some replicas only. Does not know which days those are.

use crate::metrics::change_effects::{CELL_CASES_MIN, SIDE_DAYS_MIN, VARIANCE_MIN};
use crate::metrics::statistics::{STUDENT_TERMS, Z};
use crate::monitoring::promql::{INSTALLATION, REPLICA_LABELS};
use crate::monitoring::recording_rule::RecordingRule;

/// The rules, each after those that it reads. `part` is `earlier`, `before` or `after`, `group` is `marked` or `others`.
pub(super) fn rules() -> Vec<RecordingRule> {
    let (cases, sum) = ("cx:change_day_cases:sum", "cx:change_day_sum:sum");
    let each_day = "ignoring (day) group_left ()";
    let compared = |part: &str| format!("and on ({INSTALLATION}, change) cx:change_weeks:agreed{{part=\"{part}\"}}");
    let [g1, g2, g3, g4] = STUDENT_TERMS;
    let x = "cx:change_freedom:inverse";
    let student = format!("{Z} + {x} * ({g1} + {x} * ({g2} + {x} * ({g3} + {x} * {g4})))");
    let less = |period: &str, earlier: &str| {
        format!("cx:change_difference:part{{part=\"{period}\"}} - ignoring (part) cx:change_difference:part{{part=\"{earlier}\"}}")
    };
    [
        (
            "cx:change_weeks:agreed",
            format!(
                "cx:change_weeks:min == max without ({REPLICA_LABELS}) (cx_change_weeks) > 0 and on ({INSTALLATION}) cx:partitions_owned:bool == 1"
            ),
        ),
        ("cx:change_cases:cell", format!("sum without (day) ({cases}) >= {CELL_CASES_MIN}")),
        ("cx:change_mean:cell", format!("sum without (day) ({sum}) / cx:change_cases:cell")),
        ("cx:change_residual:cell", format!("({sum} - {cases} * {each_day} cx:change_mean:cell) / {each_day} cx:change_cases:cell")),
        // What moves both groups on a day falls out; a group without cases on that day is not moved.
        (
            "cx:change_residual:day",
            "sum without (group) (cx:change_residual:cell{group=\"marked\"} or -cx:change_residual:cell{group=\"others\"})".to_owned(),
        ),
        ("cx:change_days:part", format!("count without (day) (cx:change_residual:day) >= {SIDE_DAYS_MIN}")),
        (
            "cx:change_difference:part",
            "cx:change_mean:cell{group=\"marked\"} - ignoring (group) cx:change_mean:cell{group=\"others\"} and cx:change_days:part".to_owned(),
        ),
        ("cx:change_variance:part", "sum without (day) (cx:change_residual:day ^ 2) * cx:change_days:part / (cx:change_days:part - 1) and cx:change_difference:part".to_owned()),
        (
            "cx:change_variance:effect",
            format!(
                "cx:change_variance:part{{part=\"before\"}} + ignoring (part) cx:change_variance:part{{part=\"after\"}} >= {VARIANCE_MIN:e} {}",
                compared("effect")
            ),
        ),
        (
            x,
            "sum without (part) (cx:change_variance:part{part!=\"earlier\"} ^ 2 / (cx:change_days:part - 1)) / cx:change_variance:effect ^ 2".to_owned(),
        ),
        ("cx:change_effect:merged", format!("{} and cx:change_variance:effect", less("after", "before"))),
        ("cx:change_effect_upper:merged", format!("cx:change_effect:merged + ({student}) * sqrt(cx:change_variance:effect)")),
        ("cx:change_effect_lower:merged", "2 * cx:change_effect:merged - cx:change_effect_upper:merged".to_owned()),
        (
            "cx:change_effect_placebo:merged",
            format!("{} and cx:change_effect:merged {}", less("before", "earlier"), compared("placebo")),
        ),
    ]
    .into_iter()
    .map(|(record, expression)| RecordingRule::new(record.to_owned(), expression))
    .collect()
}
