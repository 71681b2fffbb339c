# The action "Trigger Webhook" of Freshdesk's automation: the simple payload with its members, and an advanced one that is the flat event.
# The simple one has labels for codes and no time of its own: the time of its arrival counts.

def status:
  meaning("ticket_status"; {"open": "open", "pending": "pending", "resolved": "solved", "closed": "closed", "2": "open", "3": "pending", "4": "solved",
   "5": "closed", "waiting on customer": "pending", "6": "pending", "waiting on third party": "on_hold", "7": "on_hold"});
def priority: meaning("ticket_priority"; {"low": "low", "medium": "medium", "high": "high", "urgent": "urgent", "1": "low", "2": "medium", "3": "high", "4": "urgent"});
def source: present | if . == null then null else tostring | ascii_downcase end;

# Ratings: 103 to 101 are happy, 100 is neutral, -101 to -103 are unhappy; on a scale of 1 to 7.
def score: {"103": 7, "102": 6, "101": 5, "100": 4, "-101": 3, "-102": 2, "-103": 1} as $scores
  | if . == null then null else $scores[tostring] // unknown("rating") end;

def arrived: $timestamp | epoch("ms");
def contact: {team: (.ticket_group_name | present), channel: (.ticket_source | source), priority: (.ticket_priority | priority),
   customer_id: (.ticket_requester_id | id_text)};

# `triggered_event` is no JSON: {status:{from:4,to:6}}, {ticket_action:created}, {note_type:public}, {reply_sent:sent}.
def simple:
  (.triggered_event // "" | tostring) as $trigger
  | (.ticket_id | id_text) as $ticket
  | {time: arrived, ticket_id: $ticket} as $base
  | if $ticket == null then empty
    elif $trigger | contains("ticket_action:created") then
      ($base + {id: "\($ticket)-created", type: "ticket.created"} + contact),
      (.ticket_status | status | if . == null or . == "open" then empty
        else $base + {id: "\($ticket)-created-status", type: "ticket.status_changed", status: .} end)
    elif $trigger | contains("status:{") then
      ($trigger | split("status:{") | .[1] | split("}") | .[0] | split("to:") | .[1] // "" | split(",") | .[0] | present) as $code
      | (.ticket_status | status) // ($code | status)
      | if . == null then empty
        else $base + {id: digest("status", $ticket, $trigger, $timestamp), type: "ticket.status_changed", status: .} end
    elif ($trigger | contains("note_type:public")) or ($trigger | contains("reply_sent")) or ($trigger | contains("note_type:reply")) then
      $base + {id: digest("reply", $ticket, $timestamp), type: "ticket.message", author: "agent"}
    elif $trigger | contains("note_type:private") then
      $base + {id: digest("note", $ticket, $timestamp), type: "ticket.message", author: "agent", public: false}
    elif ($trigger | contains("customer_reply")) or ($trigger | contains("requester_replied")) or ($trigger | contains("reply_received")) then
      $base + {id: digest("customer", $ticket, $timestamp), type: "ticket.message", author: "customer"}
    elif $trigger | split("_id:{") | join(":{") | contains("group:{") or contains("agent:{") or contains("responder:{") then
      $base + {id: digest("assigned", $ticket, $trigger, $timestamp), type: "ticket.assigned", team: (.ticket_group_name // "")}
    elif ($trigger | contains("satisfaction")) or ($trigger | contains("rating")) or ($trigger | contains("feedback")) then
      (.satisfaction_rating // .ticket_survey_rating | score) as $score
      | if $score == null then empty
        else $base + {id: digest("csat", $ticket, $score, $timestamp), type: "survey.responded", metric: "csat", score: $score, scale_min: 1,
                      scale_max: 7, survey_id: "\($ticket)-csat"} end
    else empty end;

# The advanced payload of this feed's page.
def flat:
  (.time | present) as $time
  | {id: (.id | present), type, time: ($time // arrived), ticket_id: (.ticket_id | id_text), customer_id: (.customer_id | id_text),
     status: (.status | status), team: (.team | present), channel: (.channel | source), priority: (.priority | priority), author: (.author | present),
     public, metric: (.metric | present)}
  | if .type == "survey.responded" then . else . end
  | .id = (if $time == null then digest(.type, .ticket_id, .status, .author, $timestamp) else .id // digest(.type, .ticket_id, .status, .author, $time) end);

if type != "object" then empty
elif .freshdesk_webhook != null then .freshdesk_webhook | simple
elif (.type | type) == "string" and .ticket_id != null then
  if .type == "survey.responded" then
    (.rating | score) as $score
    | if $score == null then empty
      else flat + {metric: "csat", score: $score, scale_min: 1, scale_max: 7, survey_id: "\(.ticket_id)-csat", status: null, team: null, channel: null,
                   priority: null, author: null, public: null} end
  else flat end
else empty end
