# Webhooks of Intercom: conversations and tickets, in the shapes of API 2.15 and of the older API with `user` and `assignee`; and whole conversations of
# its REST interface.
# Times are seconds since 1970. The id "0" means nobody.

def instant: if type == "number" then epoch("s") else present | zoned("UTC") end;

def state: meaning("state"; {"open": "open", "snoozed": "pending", "closed": "solved"});
def ticket_state:
  meaning("ticket_state.category"; {"submitted": "new", "in_progress": "open", "waiting_on_customer": "pending", "resolved": "solved"});

def ticket_of: (.ticket.ticket_id? // .ticket_id? // .ticket.id? // .id) | id_text;
# A bare list in API 2.2, an object with a list later, `user` before.
def customer_of:
  ((.contacts | if type == "array" then .[0].id? elif type == "object" then .contacts[0]?.id? else null end) // .user.id? // .contact.id?) | id_text;
def team_of: (.team_assignee_id? // null) | id_text | if . == null then null else lookup("teams") // . end;
def agent_of: (.admin_assignee_id? // .assignee.id? // null) | id_text;
def channel_of: (.source.type? // null) | present;
def priority_of: (.priority? // null) | if . == "priority" then "high" elif . == "not_priority" then "normal" else null end;
def contact: {customer_id: customer_of, team: team_of, channel: channel_of, priority: priority_of};
def part: .conversation_parts.conversation_parts[0]? // .ticket_parts.ticket_parts[0]? // null;

def event($type; $time): {id: $type, type: $type, time: $time, ticket_id: ticket_of};

def created($by):
  event("ticket.created"; .created_at | instant) + {created_by: $by} + contact;

def message($author; $public; $sent):
  part as $part
  | event("ticket.message"; ($part.created_at // $sent) | instant)
  + {id: (if $part.id == null then "ticket.message" else "part-\($part.id)" end), author: $author, public: $public,
     agent_id: (if $author == "agent" then ($part.author.id? | id_text) else null end)};

def status($status; $sent): event("ticket.status_changed"; $sent | instant) + {status: $status};

# A conversation and a ticket say their status in different members.
def status_said: if .ticket_state != null then .ticket_state.category | ticket_state elif .state != null then .state | state else null end;

def assigned($sent):
  event("ticket.assigned"; $sent | instant) + {team: (team_of // (if has("team_assignee_id") then "" else null end)), agent_id: agent_of};

def rating:
  .conversation_rating? // .rating? // {} | if type == "object" and .rating != null then . else null end;

def answer($sent):
  rating as $rating
  | if $rating == null then empty
    else event("survey.responded"; ($rating.created_at // $sent) | instant)
      + {metric: "csat", score: $rating.rating, survey_id: "\(ticket_of)-rating", customer_id: customer_of, agent_id: ($rating.teammate.id? | id_text)} end;

# A survey of Intercom's own; where its members are nested is not documented for every version.
def survey($sent):
  (.content_stat? // .) as $stat
  | ($stat.content_id | id_text) as $content
  | ($content | if . == null then null else lookup("surveys") end) as $metric
  | if $metric == null then empty
    elif $stat.stat_type == "receipt" then
      {id: "receipt", type: "survey.sent", time: ($sent | instant), survey_id: ($stat.receipt_id | id_text), metric: $metric, customer_id: customer_of}
    elif $stat.stat_type == "answer" and ($stat.answer | type) == "number" then
      {id: "answer", type: "survey.responded", time: ($sent | instant), survey_id: ($stat.receipt_id | id_text), metric: $metric, score: $stat.answer,
       customer_id: customer_of}
    else empty end;

def by_topic($topic; $sent):
  if $topic == "conversation.user.created" or $topic == "ticket.created" then created(null)
  elif $topic == "conversation.admin.single.created" then created("agent")
  elif $topic == "conversation.user.replied" or $topic == "ticket.contact.replied" then
    # A reply of the customer opens the conversation again without a topic of its own.
    message("customer"; null; $sent), (status_said as $status | if $status == null then empty else status($status; ((part | .created_at?) // $sent)) end)
  elif $topic == "conversation.admin.replied" or $topic == "ticket.admin.replied" then message("agent"; null; $sent)
  elif $topic == "conversation.operator.replied" then message("bot"; null; $sent)
  elif $topic == "conversation.admin.noted" or $topic == "ticket.note.created" then message("agent"; false; $sent)
  elif $topic == "conversation.admin.closed" or $topic == "ticket.closed" or $topic == "ticket.resolved" then status("solved"; $sent)
  elif $topic == "conversation.admin.opened" or $topic == "conversation.admin.unsnoozed" then status("open"; $sent)
  elif $topic == "conversation.admin.snoozed" then status("pending"; $sent)
  elif $topic == "ticket.state.updated" then (status_said as $status | if $status == null then empty else status($status; $sent) end)
  elif $topic == "conversation.admin.assigned" or $topic == "conversation.admin.open.assigned" or $topic == "ticket.admin.assigned"
    or $topic == "ticket.team.assigned" then assigned($sent)
  elif $topic == "conversation.rating.added" or $topic == "ticket.rating.provided" then answer($sent)
  elif $topic == "content_stat.survey" then survey($sent)
  elif $topic == "conversation.deleted" then status("deleted"; $sent)
  elif $topic == "contact.merged" then
    (.merged_from.id? | id_text) as $from
    | if $from == null then empty
      else {id: "merged", type: "customer.merged", time: ($sent | instant), customer_id: $from, into_customer_id: (.id | id_text)} end
  else empty end;

# The author of a part: people who write to us are users, leads and contacts, and admins are agents.
def part_author:
  (.author.type? // null) | meaning("author.type"; {"user": "customer", "lead": "customer", "contact": "customer", "admin": "agent", "bot": "bot", "team": "bot"});

# A conversation of the REST interface has all its parts. The opening message is its source.
def conversation:
  . as $conversation
  | (.source | part_author) as $opened_by
  | created(if $opened_by == "agent" then "agent" else null end),
    (if $opened_by == null then empty
     else event("ticket.message"; .created_at | instant) + {id: "source-\(.id)", author: $opened_by,
       agent_id: (if $opened_by == "agent" then .source.author.id | id_text else null end)} end),
    (.conversation_parts.conversation_parts[]? | . as $part | part_author as $author
      | {id: "part-\(.id)", time: (.created_at | instant), ticket_id: ($conversation | ticket_of)} as $base
      | if .part_type == "note" then $base + {type: "ticket.message", author: "agent", public: false, agent_id: (.author.id | id_text)}
        elif $author == "customer" then
          # A customer cannot assign or open anything without writing; what they write opens the conversation again.
          $base + {type: "ticket.message", author: "customer"},
          (if .part_type == "open" then $base + {id: "part-\(.id)-open", type: "ticket.status_changed", status: "open"} else empty end)
        elif .part_type == "comment" or .part_type == "quick_reply" then
          if $author == null then empty
          else $base + {type: "ticket.message", author: $author, agent_id: (if $author == "agent" then .author.id | id_text else null end)} end
        elif .part_type == "close" then $base + {type: "ticket.status_changed", status: "solved"}
        elif .part_type == "open" or .part_type == "unsnoozed" then $base + {type: "ticket.status_changed", status: "open"}
        elif .part_type == "snoozed" then $base + {type: "ticket.status_changed", status: "pending"}
        elif .part_type == "assignment" and .assigned_to.type? == "admin" then
          $base + {type: "ticket.assigned", agent_id: (.assigned_to.id | id_text)}
        elif .part_type == "assignment" and .assigned_to.type? == "team" then
          $base + {type: "ticket.assigned", team: ((.assigned_to.id | id_text | if . == null then null else lookup("teams") // . end) // "")}
        else empty end),
    (answer(.updated_at) | .id = "rating-\(.ticket_id)"),
    (status_said as $status
      | if $status == null or $status == "solved" then empty
        else event("ticket.snapshot"; $timestamp | epoch("ms"))
          + {id: "snapshot-\(ticket_of)-\($timestamp)", created_time: (.created_at | instant), status: $status} + contact end);

# A redelivery has the same notification; two events of one notification differ by their own id.
if type != "object" then empty
elif .type == "conversation" and .conversation_parts.conversation_parts? != null then
  ticket_of as $ticket | conversation | .id = (if .id == "ticket.created" then "conversation-\($ticket)-created" else .id end)
elif .data.item? == null then empty
else . as $notification
  | .data.item
  | by_topic($notification.topic; $notification.created_at)
  | .id = (if (.id | startswith("part-")) then .id
           elif $notification.id != null then "\($notification.id)-\(.id)"
           else digest(.type, .ticket_id, .time, .status, .score) end)
end
