# Rows of Chatwoot's PostgreSQL tables, as Debezium sends them: conversations, messages, csat_survey_responses and reporting_events.
# Written for the schema of Chatwoot 4 (2026). A conversation is a ticket.

# With Debezium's default a `timestamp` without a zone is a number of microseconds; with time.precision.mode=isostring it is a text. Rails writes UTC.
def instant: if type == "number" then epoch("us") else present | zoned("UTC") end;

def status: meaning("conversations.status"; {"0": "open", "1": "solved", "2": "new", "3": "pending"});
def priority: meaning("conversations.priority"; {"0": "low", "1": "medium", "2": "high", "3": "urgent"});
def team: if . == null then null else lookup("teams") // tostring end;
def channel: if . == null then null else lookup("inboxes") // "inbox \(.)" end;

def contact: {customer_id: .contact_id, channel: (.inbox_id | channel), team: (.team_id | team), priority: (.priority | priority)};

def created:
  {id: "conversation-\(.id)-created", type: "ticket.created", time: (.created_at | instant), ticket_id: .id, created_by: "first_author"} + contact;

def status_changed($time):
  (.status | status) as $status
  | if $status == null then empty
    else {id: digest("status", .id, $status, $time), type: "ticket.status_changed", time: $time, ticket_id: .id, status: $status} end;

# The row as it was is there only with REPLICA IDENTITY FULL. Without it every change of the row says its status and its team again, which changes nothing.
def changed($before):
  (.updated_at | instant) as $time
  | (if $before == null or $before.status != .status then status_changed($time) else empty end),
    (if $before == null or $before.team_id != .team_id or $before.assignee_id != .assignee_id
      then {id: digest("assigned", .id, .team_id, .assignee_id, $time), type: "ticket.assigned", time: $time, ticket_id: .id,
            team: ((.team_id | team) // ""), agent_id: .assignee_id}
      else empty end);

def snapshot($at):
  {id: "conversation-\(.id)-snapshot-\($at)", type: "ticket.snapshot", time: ($at | epoch("ms")), ticket_id: .id,
   created_time: (.created_at | instant), status: (.status | status), first_response_time: (.first_reply_created_at | instant),
   awaiting_reply_since: (.waiting_since | instant), answered: (.first_reply_created_at != null)} + contact;

# A set of snapshots began at most six hours before its last row.
def snapshot_completed($at):
  {id: "conversations-complete-\($at)", type: "ticket.snapshot_completed", time: ($at | epoch("ms")),
   started_time: ($at - 6 * 3600 * 1000 | epoch("ms"))};

def conversation($change):
  $change.source.ts_ms as $at
  | if $change.op == "d" then
      {id: "conversation-\(.id)-deleted", type: "ticket.status_changed", time: ($at | epoch("ms")), ticket_id: .id, status: "deleted"}
    elif $change.op == "u" then changed($change.before)
    elif $change.op == "c" then created, (if .status == 0 then empty else status_changed(.created_at | instant) end)
    else created, snapshot($at),
      (if $change.source.snapshot == "last" or $change.source.snapshot == "last_in_data_collection" then snapshot_completed($at) else empty end)
    end;

# A person writes an outgoing message that is no campaign's. Automation has no sender; a bot is an AgentBot or an assistant.
def author:
  if .message_type == 0 then {author: "customer"}
  elif .message_type == 3 then {author: "bot", automated: true}
  elif .sender_type == "User" then
    (.additional_attributes | if type == "string" then (fromjson? // {}) else . // {} end) as $attributes
    | if $attributes.campaign_id != null then {author: "agent", automated: true} else {author: "agent", agent_id: .sender_id} end
  else {author: "bot", automated: true} end;

def input_csat: 9;

def message:
  if .message_type == 2 then empty
  elif .content_type == input_csat then
    {id: "message-\(.id)-survey", type: "survey.sent", time: (.created_at | instant), survey_id: .id, metric: "csat", ticket_id: .conversation_id}
  else
    {id: "message-\(.id)", type: "ticket.message", time: (.created_at | instant), ticket_id: .conversation_id,
     public: (if .private == true then false else null end)} + author
  end;

def answer($op):
  {id: "csat-\(.id)-\(.rating)", type: "survey.responded", time: (if $op == "u" then .updated_at else .created_at end | instant), metric: "csat",
   score: .rating, survey_id: .message_id, ticket_id: .conversation_id, customer_id: .contact_id, agent_id: .assigned_agent_id};

# The history of a conversation's status is here alone; of what happens from now on, `conversations` says it.
def reporting_event($op):
  (.event_end_time | instant) as $time
  | if .conversation_id == null then empty
    elif .name == "conversation_bot_handoff" then
      {id: "reporting-\(.id)", type: "ticket.handoff", time: $time, ticket_id: .conversation_id}
    elif .name == "conversation_opened" then
      {id: "reporting-\(.id)", type: "ticket.status_changed", time: $time, ticket_id: .conversation_id, status: "open"}
    elif .name == "conversation_resolved" and $op == "r" then
      {id: "reporting-\(.id)", type: "ticket.status_changed", time: $time, ticket_id: .conversation_id, status: "solved"}
    else empty end;

(if . == null then {} else .payload? // . end) as $change
| ($change.after // $change.before) as $row
| if $row == null then empty
  else $change.source.table as $table
    | $row
    | if $table == "conversations" then conversation($change)
      elif $change.op == "d" then empty
      elif $table == "messages" then (if $change.op == "u" then empty else message end)
      elif $table == "csat_survey_responses" then answer($change.op)
      elif $table == "reporting_events" then (if $change.op == "u" then empty else reporting_event($change.op) end)
      else empty end
  end
