# Rows of FreeScout's tables, as Debezium sends them: conversations and threads. Written for the schema of FreeScout 1.8.
# `threads` is a log of what happened, so history and the present come from the same rows.
#
# Times are local times of the application without an offset: the table `settings` has its zone under `zone`, and UTC is the default. Debezium writes a `Z`
# behind them, which is not meant.

def zone: "zone" | lookup("settings") // "UTC";
def instant: if . == null then null else (if type == "number" then epoch("ms") else . end) | rtrimstr("Z") | zoned(zone) end;

def status: meaning("status"; {"1": "open", "2": "pending", "3": "closed", "4": "spam"});
def mailbox: if . == null then null else lookup("mailboxes") // "mailbox \(.)" end;
def channel: meaning("conversations.type"; {"1": "email", "2": "phone", "3": "chat", "4": "custom"});

def contact: {customer_id: .customer_id, team: (.mailbox_id | mailbox), channel: (.type | channel)};

def created:
  {id: "conversation-\(.id)-created", type: "ticket.created", time: (.created_at | instant), ticket_id: .id,
   created_by: (if .source_via == 2 then "agent" else "customer" end)} + contact;

def snapshot($at):
  {id: "conversation-\(.id)-snapshot-\($at)", type: "ticket.snapshot", time: ($at | epoch("ms")), ticket_id: .id,
   created_time: (.created_at | instant), status: (.status | status), solved_time: (.closed_at | instant)} + contact;

def snapshot_completed($at):
  {id: "conversations-complete-\($at)", type: "ticket.snapshot_completed", time: ($at | epoch("ms")),
   started_time: ($at - 6 * 3600 * 1000 | epoch("ms"))};

def conversation($change):
  $change.source.ts_ms as $at
  | if $change.op == "d" then
      {id: "conversation-\(.id)-deleted", type: "ticket.status_changed", time: ($at | epoch("ms")), ticket_id: .id, status: "deleted"}
    elif .imported == true or .imported == 1 then empty
    elif $change.op == "c" then created
    elif $change.op == "u" then
      (if $change.before != null and $change.before.mailbox_id != .mailbox_id
        then {id: digest("moved", .id, .mailbox_id, .updated_at), type: "ticket.assigned", time: (.updated_at | instant), ticket_id: .id,
              team: (.mailbox_id | mailbox)}
        else empty end)
    else created, snapshot($at),
      (if $change.source.snapshot == "last" or $change.source.snapshot == "last_in_data_collection" then snapshot_completed($at) else empty end)
    end;

# 6 means that the thread left the status as it was.
def status_of_thread($time):
  if .status == null or .status == 6 then empty
  else (.status | status) as $status
    | if $status == null then empty
      else {id: "thread-\(.id)-status", type: "ticket.status_changed", time: $time, ticket_id: .conversation_id, status: $status} end
  end;

def message($time; $author; $public):
  {id: "thread-\(.id)", type: "ticket.message", time: $time, ticket_id: .conversation_id, author: $author,
   agent_id: (if $author == "agent" then .created_by_user_id else null end), public: $public},
  (if $public == false then empty else status_of_thread($time) end);

def line_item($time):
  if .action_type == 1 then status_of_thread($time)
  elif .action_type == 2 then
    {id: "thread-\(.id)", type: "ticket.assigned", time: $time, ticket_id: .conversation_id, agent_id: .user_id}
  elif .action_type == 10 then {id: "thread-\(.id)", type: "ticket.status_changed", time: $time, ticket_id: .conversation_id, status: "deleted"}
  elif .action_type == 11 then {id: "thread-\(.id)", type: "ticket.status_changed", time: $time, ticket_id: .conversation_id, status: "open"}
  else empty end;

# Only published threads (state 2) count: drafts and hidden ones do not. A draft that is sent is a change of its row. Where the row as it was is not there,
# each change says the thread again, under the same id.
def thread:
  (.created_at | instant) as $time
  | if .state != 2 or .imported == true or .imported == 1 then empty
    elif .type == 1 then message($time; "customer"; null)
    elif .type == 2 then message($time; "agent"; null)
    elif .type == 3 then message($time; "agent"; false)
    elif .type == 4 then line_item($time)
    elif .type == 8 then message($time; (if .created_by_user_id == null then "customer" else "agent" end); null)
    else empty end;

(if . == null then {} else .payload? // . end) as $change
| ($change.after // $change.before) as $row
| if $row == null then empty
  else $change.source.table as $table
    | $row
    | if $table == "conversations" then conversation($change)
      elif $table == "threads" then
        (if $change.op == "c" or $change.op == "r" or ($change.op == "u" and ($change.before.state? // 1) == 1) then thread else empty end)
      else empty end
  end
