//! Survey events: what each type asks for, and answers on their scales.
//!
//! Does not know the envelope, nor what a score is worth.

use super::event_type::SurveyType;
use super::member::{Member, Members};
use super::number::{POINT, millionths, points};
use super::{Answer, Body, Contact, DecodeSettings, Reason, Scale, Scope, Survey, SurveyAction, SurveyMetric};

const METRICS: &[(&str, SurveyMetric)] = &[("csat", SurveyMetric::Csat), ("nps", SurveyMetric::Nps), ("ces", SurveyMetric::Ces)];
const SCOPES: &[(&str, Scope)] = &[("service", Scope::Service), ("experience", Scope::Experience)];
/// Whether a high score means ease.
const DIRECTIONS: &[(&str, bool)] = &[("effort", false), ("ease", true)];

const NPS_SCALE: Scale = Scale { min: 0, max: 10 * POINT, ease: false };
/// How far from zero a scale may reach.
const SCALE_BOUND_MAX: i64 = 1000 * POINT;

/// The body of a survey event; required members are checked before optional ones.
pub(super) fn body(survey_type: SurveyType, payload: &Members<'_>, settings: &DecodeSettings) -> Result<Body, Reason> {
    let is_answer = survey_type == SurveyType::Responded;
    if !is_answer {
        payload.required(Member::SurveyId)?.check_id()?;
    }
    let metric = payload.required_choice(Member::Metric, METRICS)?;
    payload.check_optional()?;
    let key = |member| payload.key(member, &settings.identity_key);
    let about = match key(Member::TicketId)? {
        Some(ticket) => Some(Contact::Ticket(ticket)),
        None => key(Member::ChatId)?.map(Contact::Chat),
    };
    let action = if is_answer { SurveyAction::Responded(answer(metric, about.is_some(), payload, settings)?) } else { SurveyAction::Sent };
    Ok(Body::Survey(Survey { survey: key(Member::SurveyId)?, metric, about, action }))
}

fn answer(metric: SurveyMetric, names_contact: bool, payload: &Members<'_>, settings: &DecodeSettings) -> Result<Answer, Reason> {
    let scope = payload.choice(Member::Scope, SCOPES)?;
    let direction = payload.choice(Member::Direction, DIRECTIONS)?.or(settings.ces_ease);
    let score = payload.required(Member::Score)?;
    let ease = match metric {
        SurveyMetric::Ces => direction.ok_or(Reason::MissingField)?,
        SurveyMetric::Csat | SurveyMetric::Nps => false,
    };
    let score = points(score.number()?);
    let scale = Scale { ease, ..scale(metric, payload, settings)? };
    let score = score_within(score, metric, scale)?;
    let default_scope = if names_contact { Scope::Service } else { Scope::Experience };
    Ok(Answer { score, scale, scope: scope.unwrap_or(default_scope) })
}

fn scale(metric: SurveyMetric, payload: &Members<'_>, settings: &DecodeSettings) -> Result<Scale, Reason> {
    let bound = |member| payload.get(member).map(|value| value.number().map(|number| millionths(points(number)))).transpose();
    let default = match metric {
        SurveyMetric::Csat => settings.csat_scale,
        SurveyMetric::Nps => NPS_SCALE,
        SurveyMetric::Ces => settings.ces_scale,
    };
    let scale = match (bound(Member::ScaleMin)?, bound(Member::ScaleMax)?) {
        (None, None) => return Ok(default),
        (Some(Some(min)), Some(Some(max))) => Scale { min, max, ease: false },
        _ => return Err(Reason::BadValue),
    };
    let is_nps_scale = (scale.min, scale.max) == (NPS_SCALE.min, NPS_SCALE.max);
    let is_sound = -SCALE_BOUND_MAX <= scale.min && scale.min < scale.max && scale.max <= SCALE_BOUND_MAX;
    if is_sound && (metric != SurveyMetric::Nps || is_nps_scale) { Ok(scale) } else { Err(Reason::BadValue) }
}

/// The score in millionths. Faults in this order: not finite, an NPS score between two points, outside the scale, finer than a millionth.
fn score_within(score: f64, metric: SurveyMetric, scale: Scale) -> Result<i64, Reason> {
    if !score.is_finite() || (metric == SurveyMetric::Nps && score.fract() != 0.0) {
        return Err(Reason::BadValue);
    }
    // A bound is a millionth at the finest, so dividing gives back the float that its own text would.
    let [min, max] = [scale.min, scale.max].map(|bound| bound as f64 / POINT as f64);
    if score < min || score > max {
        return Err(Reason::ScoreOutOfRange);
    }
    millionths(score).ok_or(Reason::BadValue)
}
