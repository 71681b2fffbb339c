//! Chat events: what each type asks for.
//!
//! Does not know the envelope, nor that a chat's channel defaults to `chat`: the engine does.

use super::event_type::ChatType;
use super::member::{Member, Members};
use super::{Body, Contact, ContactAction, CreatedBy, IdentityKey, Reason, ticket};

/// The body of a chat event; required members are checked before optional ones.
pub(super) fn body(chat_type: ChatType, payload: &Members<'_>, identity_key: &IdentityKey) -> Result<Body, Reason> {
    let chat = Contact::Chat(payload.required_key(Member::ChatId, identity_key)?);
    let action = match chat_type {
        ChatType::Message => return Ok(Body::Contact(chat, ticket::message(payload)?)),
        ChatType::Started => ContactAction::Opened(CreatedBy::Customer),
        ChatType::Accepted => ContactAction::Accepted,
        ChatType::Transferred => ContactAction::Transferred,
        ChatType::Ended => ContactAction::Ended,
        ChatType::Abandoned => ContactAction::Abandoned,
    };
    payload.check_optional()?;
    Ok(Body::Contact(chat, action))
}
