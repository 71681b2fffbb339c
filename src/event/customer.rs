//! Customer events: what each type asks for.
//!
//! Does not know the envelope; the customer's own id is read beside it.

use super::dimension::LABEL_BYTES_MAX;
use super::event_type::CustomerType;
use super::member::{Member, Members};
use super::{Body, CustomerAction, Reason, TouchpointOutcome};

const OUTCOMES: &[(&str, TouchpointOutcome)] =
    &[("completed", TouchpointOutcome::Completed), ("abandoned", TouchpointOutcome::Abandoned), ("failed", TouchpointOutcome::Failed)];

/// The body of a customer event; required members are checked before optional ones.
pub(super) fn body(customer_type: CustomerType, payload: &Members<'_>) -> Result<Body, Reason> {
    payload.required(Member::CustomerId)?.check_id()?;
    if customer_type == CustomerType::Touchpoint && payload.required(Member::JourneyStage)?.with_text(LABEL_BYTES_MAX, str::is_empty)? {
        return Err(Reason::BadValue);
    }
    payload.check_optional()?;
    Ok(Body::Customer(match customer_type {
        CustomerType::Active => CustomerAction::Active,
        CustomerType::Subscribed => CustomerAction::Subscribed,
        CustomerType::Cancelled => CustomerAction::Cancelled,
        CustomerType::Erased => CustomerAction::Erased,
        CustomerType::Touchpoint => CustomerAction::Touchpoint(payload.choice(Member::Outcome, OUTCOMES)?),
    }))
}
