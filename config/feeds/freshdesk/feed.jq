# The action "Trigger Webhook" of Freshdesk's automation: the simple payload with its members, and an advanced one that is the flat event; and tickets and
# ratings of its REST interface.
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

# Codes of the REST interface.
def source_of_code: meaning("source"; {"1": "email", "2": "portal", "3": "phone", "7": "chat", "9": "feedback_widget", "10": "outbound_email"});
def group_of_id: id_text | if . == null then null else lookup("groups") // . end;

# A ticket of the REST interface with its conversations. It has no history of its status but the last times of `stats`.
def ticket($conversations):
  . as $ticket
  | {ticket_id: (.id | id_text)} as $base
  | {team: (.group_id | group_of_id), channel: (.source | source_of_code), priority: (.priority | priority), customer_id: (.requester_id | id_text)} as $contact
  | def said($name; $time; $status):
      if $time == null then empty
      else $base + {id: "\($ticket.id)-\($name)-\($time)", type: "ticket.status_changed", time: $time, status: $status} end;
    $base + {id: "\(.id)-created", type: "ticket.created", time: .created_at, created_by: (if .source == 10 then "agent" else null end)} + $contact,
    # The ticket itself is the first message.
    $base + {id: "\(.id)-opened", type: "ticket.message", time: .created_at, author: (if .source == 10 then "agent" else "customer" end)},
    ($conversations[]? | $base + {id: "conversation-\(.id)", type: "ticket.message", time: .created_at,
        author: (if .incoming == true then "customer" else "agent" end), public: (if .private == true then false else null end),
        agent_id: (if .incoming == true then null else .user_id | id_text end)}),
    said("resolved"; .stats.resolved_at?; "solved"), said("reopened"; .stats.reopened_at?; "open"), said("closed"; .stats.closed_at?; "closed"),
    ((.status | status) as $status
      | if $status == null or $status == "solved" or $status == "closed" then empty
        else $base + {id: "\($ticket.id)-snapshot-\($timestamp)", type: "ticket.snapshot", time: arrived, created_time: .created_at, status: $status,
                      first_response_time: (.stats.first_responded_at? // null)} + $contact end);

def rating:
  (.ratings.default_question | score) as $score
  | if $score == null then empty
    else {id: "rating-\(.id)", type: "survey.responded", time: .created_at, ticket_id: (.ticket_id | id_text), metric: "csat", score: $score,
          scale_min: 1, scale_max: 7, survey_id: "\(.ticket_id)-csat", customer_id: (.user_id | id_text), agent_id: (.agent_id | id_text)} end;

if type != "object" then empty
elif .ticket.requester_id? != null and .ticket.created_at != null then .conversations as $conversations | .ticket | ticket($conversations // [])
elif .requester_id != null and .created_at != null then ticket(.conversations // [])
elif .ratings.default_question? != null and .ticket_id != null then rating
elif .freshdesk_webhook != null then .freshdesk_webhook | simple
elif (.type | type) == "string" and .ticket_id != null then
  if .type == "survey.responded" then
    (.rating | score) as $score
    | if $score == null then empty
      else flat + {metric: "csat", score: $score, scale_min: 1, scale_max: 7, survey_id: "\(.ticket_id)-csat", status: null, team: null, channel: null,
                   priority: null, author: null, public: null} end
  else flat end
else empty end
