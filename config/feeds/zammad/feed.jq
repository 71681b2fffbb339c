# Rows of Zammad's PostgreSQL tables, as Debezium sends them: tickets, ticket_articles and histories. Written for the schema of Zammad 6.
#
# Tables of `lookup`: `groups`, `states` (as the words of the contract), `history_objects`, `history_types`, `history_attributes`.

def instant: if type == "number" then epoch("ms") else present | zoned("UTC") end;

def state_word:
  {"1": "new", "2": "open", "3": "pending", "4": "closed", "5": "closed", "6": "deleted", "7": "pending"} as $words
  | if . == null then null else lookup("states") // $words[tostring] // unknown("tickets.state_id") end;
def priority: meaning("tickets.priority_id"; {"1": "low", "2": "normal", "3": "high"});
def group: if . == null then null else lookup("groups") // tostring end;
# The senders of a new installation; 1 Agent, 2 Customer, 3 System.
def sender: meaning("sender_id"; {"1": "agent", "2": "customer", "3": "system"});
def agent: if . == null or . == 1 then null else . end;

def contact: {customer_id: .customer_id, team: (.group_id | group), priority: (.priority_id | priority), channel: (.create_article_type_id | if . == null then null else lookup("article_types") end)};

def created:
  {id: "ticket-\(.id)-created", type: "ticket.created", time: (.created_at | instant), ticket_id: .id,
   created_by: (.create_article_sender_id | sender)} + contact;

def status_changed($time):
  (.state_id | state_word) as $status
  | if $status == null then empty
    else {id: digest("status", .id, $status, $time), type: "ticket.status_changed", time: $time, ticket_id: .id, status: $status} end;

def changed($before):
  (.updated_at | instant) as $time
  | (if $before == null or $before.state_id != .state_id then status_changed($time) else empty end),
    (if $before == null or $before.group_id != .group_id or $before.owner_id != .owner_id
      then {id: digest("assigned", .id, .group_id, .owner_id, $time), type: "ticket.assigned", time: $time, ticket_id: .id,
            team: ((.group_id | group) // ""), agent_id: (.owner_id | agent)}
      else empty end);

def snapshot($at):
  {id: "ticket-\(.id)-snapshot-\($at)", type: "ticket.snapshot", time: ($at | epoch("ms")), ticket_id: .id, created_time: (.created_at | instant),
   status: (.state_id | state_word), first_response_time: (.first_response_at | instant), solved_time: (.close_at | instant)} + contact;

def snapshot_completed($at):
  {id: "tickets-complete-\($at)", type: "ticket.snapshot_completed", time: ($at | epoch("ms")),
   started_time: ($at - 6 * 3600 * 1000 | epoch("ms"))};

def ticket($change):
  $change.source.ts_ms as $at
  | if $change.op == "d" then
      {id: "ticket-\(.id)-deleted", type: "ticket.status_changed", time: ($at | epoch("ms")), ticket_id: .id, status: "deleted"}
    elif $change.op == "u" then changed($change.before)
    elif $change.op == "c" then created, (if .state_id == 1 or .state_id == 2 then empty else status_changed(.created_at | instant) end)
    else created, snapshot($at),
      (if $change.source.snapshot == "last" or $change.source.snapshot == "last_in_data_collection" then snapshot_completed($at) else empty end)
    end;

def article:
  (.sender_id | sender) as $author
  | if $author == null then empty
    else {id: "article-\(.id)", type: "ticket.message", time: (.created_at | instant), ticket_id: .ticket_id, author: $author,
          agent_id: (if $author == "agent" then .created_by_id else null end), public: (if .internal == true then false else null end)} end;

# The history before the first day; of what happens from then on, `tickets` says it.
def history:
  (.history_object_id | lookup("history_objects")) as $object
  | (.history_attribute_id | lookup("history_attributes")) as $attribute
  | if $object != "Ticket" then empty
    elif $attribute == "state" then
      (.id_to | state_word) as $status
      | if $status == null then empty
        else {id: "history-\(.id)", type: "ticket.status_changed", time: (.created_at | instant), ticket_id: .o_id, status: $status} end
    elif $attribute == "group" then
      {id: "history-\(.id)", type: "ticket.assigned", time: (.created_at | instant), ticket_id: .o_id, team: (.id_to | group)}
    else empty end;

(if . == null then {} else .payload? // . end) as $change
| ($change.after // $change.before) as $row
| if $row == null then empty
  else $change.source.table as $table
    | $row
    | if $table == "tickets" then ticket($change)
      elif $table == "ticket_articles" then (if $change.op == "c" or $change.op == "r" then article else empty end)
      elif $table == "histories" then (if $change.op == "r" then history else empty end)
      else empty end
  end
