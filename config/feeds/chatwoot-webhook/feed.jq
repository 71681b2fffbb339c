# Account webhooks of Chatwoot. Written for Chatwoot 4 (2026). Chatwoot sends each once and drops it after 5 s, so change data capture (the feed
# `chatwoot`) is the reliable way.
#
# One payload holds three kinds of time: seconds as an integer, seconds with a fraction, and RFC 3339.

def instant: if type == "number" then epoch("s") else present | zoned("UTC") end;

def status: meaning("status"; {"open": "open", "resolved": "solved", "pending": "new", "snoozed": "pending"});
def priority: meaning("priority"; {"low": "low", "medium": "medium", "high": "high", "urgent": "urgent"});
def channel: if . == null then null else ltrimstr("Channel::") end;

# Ids of conversations count within an account.
def conversation_id($account): if . == null then null else "\($account // 0)-\(.)" end;

def contact:
  {channel: (.channel | channel), team: .meta.team.name, priority: (.priority | priority)};

def changed($name): [.changed_attributes[]?[$name]? | select(. != null)] | first;

def status_changed($ticket):
  (.updated_at | instant) as $time
  | (.status | status) as $status
  | if $status == null then empty
    else {id: digest("status", $ticket, $status, $time), type: "ticket.status_changed", time: $time, ticket_id: $ticket, status: $status} end;

# Where an assignment happens in the same save, Chatwoot sends no event of the status, so every event of a conversation says its status.
def conversation($ticket):
  (.updated_at | instant) as $time
  | if .event == "conversation_created" then
      ({id: digest("created", $ticket), type: "ticket.created", time: (.created_at | instant), ticket_id: $ticket, customer_id: .meta.sender.id,
        created_by: "first_author"} + contact),
      (if .status == "open" then empty else status_changed($ticket) end)
    else
      status_changed($ticket),
      (if changed("assignee_id") != null or changed("team_id") != null
        then {id: digest("assigned", $ticket, .meta.assignee.id, .meta.team.id, $time), type: "ticket.assigned", time: $time, ticket_id: $ticket,
              team: (.meta.team.name // ""), agent_id: .meta.assignee.id}
        else empty end)
    end;

def author:
  if .message_type == "incoming" then {author: "customer"}
  elif .message_type == "outgoing" and .sender.type == "user" then
    if .content_attributes.automation_rule_id? != null or .additional_attributes.campaign_id? != null then {author: "agent", automated: true}
    else {author: "agent", agent_id: .sender.id} end
  elif .message_type == "outgoing" or .message_type == "template" then {author: "bot", automated: true}
  else null end;

def message($ticket; $account):
  author as $author
  | if $author == null then empty
    elif .content_type == "input_csat" then
      {id: "message-\($account // 0)-\(.id)-survey", type: "survey.sent", time: (.created_at | instant), survey_id: "\($account // 0)-\(.id)",
       metric: "csat", ticket_id: $ticket}
    else
      {id: "message-\($account // 0)-\(.id)", type: "ticket.message", time: (.created_at | instant), ticket_id: $ticket,
       public: (if .private == true then false else null end)} + $author
    end;

# The body has no time of the answer: `created_at` is when the survey was sent. Read receipts and edits carry the rating again, so the id names it.
def answer($ticket; $account):
  .content_attributes.submitted_values?.csat_survey_response?.rating? as $rating
  | if .content_type != "input_csat" or $rating == null then empty
    else {id: digest("csat", $account, .id, $rating), type: "survey.responded",
          time: ((.conversation.updated_at // ($timestamp / 1000)) | instant), metric: "csat", score: $rating, survey_id: "\($account // 0)-\(.id)",
          ticket_id: $ticket, agent_id: .conversation.meta.assignee.id?} end;

if type != "object" then empty
else .account.id as $account
  | if .event == "conversation_created" or .event == "conversation_status_changed" or .event == "conversation_updated" then
      conversation(.id | conversation_id($account))
    elif .event == "message_created" then message(.conversation.id | conversation_id($account); $account)
    elif .event == "message_updated" then answer(.conversation.id | conversation_id($account); $account)
    else empty end
end
