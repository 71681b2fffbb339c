//! Contacts (tickets and chats): those of known customers, repeat contacts, switches of channel, hand-offs from bots to people, and touchpoints.

use crate::engine::read::{Label, Measure};
use crate::metrics::family::{Family, GroupingSets, OwnLabels, Variant};

/// `journey_stage` and `channel`: the pairs that were seen.
const STAGE_AND_CHANNEL: OwnLabels = OwnLabels::new(&["journey_stage", "channel"], |snapshot| {
    let variant = |(label, stage, channel): &(Label, String, String)| Variant::of_label(*label, &[stage, channel]);
    snapshot.touchpoints.iter().map(variant).collect()
});

pub(in crate::metrics) fn families() -> Vec<Family> {
    let mut families = vec![
        Family::count("cx_contacts", "Tickets and chats opened in the window by a known customer.", Measure::Contacts),
        Family::count(
            "cx_repeat_contacts",
            "Of cx_contacts, those soon after another contact of the same customer.",
            Measure::RepeatContacts,
        ),
    ];
    families.extend(Family::proportion(
        "cx_repeat_contact_ratio",
        "Share of the contacts in the window that came soon after another contact of the same customer.",
        &[Measure::Contacts],
        |reader, _| Some((reader.count(Measure::RepeatContacts), reader.count(Measure::Contacts))),
    ));
    let switches = "Of cx_repeat_contacts, those on another channel than the customer's previous contact.";
    families.push(Family::count("cx_channel_switches", switches, Measure::ChannelSwitches).over(GroupingSets::Overall));
    families.extend(
        Family::proportion(
            "cx_channel_switch_ratio",
            "Share of the repeat contacts in the window that came on another channel than the customer's previous contact.",
            &[Measure::RepeatContacts],
            |reader, _| Some((reader.count(Measure::ChannelSwitches), reader.count(Measure::RepeatContacts))),
        )
        .map(|family| family.over(GroupingSets::Overall)),
    );
    let handoffs = "Tickets and chats that a bot handed over to people, at their first hand-off, if it lies in the window.";
    families.push(Family::count("cx_handoffs", handoffs, Measure::Handoffs));
    families.push(
        Family::count(
            "cx_journey_touchpoints",
            "Touchpoints in the window: tickets and chats that were opened, the survey answers that count, and explicit touchpoints.",
            Measure::Touchpoints,
        )
        .labelled(STAGE_AND_CHANNEL)
        .over(GroupingSets::Overall),
    );
    families
}
