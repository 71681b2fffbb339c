//! Contacts of known customers: repeats, switches of channel, touchpoints.

use super::proportion;
use crate::engine::read::Measure;
use crate::metrics::family::{Family, Labels, Sets};

pub(in crate::metrics) fn families() -> Vec<Family> {
    let mut families = vec![
        Family::count("cx_contacts", "Tickets and chats opened in the window by a known customer.", Measure::Contacts),
        Family::count(
            "cx_repeat_contacts",
            "Of cx_contacts: those soon after another contact of the same customer.",
            Measure::RepeatContacts,
        ),
    ];
    families.extend(proportion(
        "cx_repeat_contact_ratio",
        "Share of the contacts in the window that came soon after another contact of the same customer.",
        &[Measure::Contacts],
        |r, _| Some((r.count(Measure::RepeatContacts), r.count(Measure::Contacts))),
    ));
    let switches = "Of cx_repeat_contacts: those on another channel than the customer's previous contact.";
    families.push(Family::count("cx_channel_switches", switches, Measure::ChannelSwitches).over(Sets::Overall));
    families.extend(
        proportion(
            "cx_channel_switch_ratio",
            "Share of the repeat contacts in the window on another channel than the customer's previous contact.",
            &[Measure::RepeatContacts],
            |r, _| Some((r.count(Measure::ChannelSwitches), r.count(Measure::RepeatContacts))),
        )
        .map(|family| family.over(Sets::Overall)),
    );
    families.push(
        Family::count(
            "cx_journey_touchpoints",
            "Touchpoints in the window: tickets and chats opened, survey answers that stand, explicit touchpoints.",
            Measure::Touchpoints,
        )
        .labelled(Labels::StageAndChannel)
        .over(Sets::Overall),
    );
    families
}
