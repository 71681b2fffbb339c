# Zendesk: event webhooks (zendesk_event_version 2022-11-06), the same events through Amazon EventBridge, a trigger body that is the flat event, and the
# tickets of the REST interface with their audits.
# Ids are texts in webhooks and numbers in EventBridge; enumerated values are in capitals or small letters.

def status:
  meaning("status"; {"new": "new", "open": "open", "pending": "pending", "hold": "on_hold", "solved": "solved", "closed": "closed", "deleted": "deleted"});
def priority: meaning("priority"; {"low": "low", "normal": "normal", "high": "high", "urgent": "urgent"});
def group: id_text | if . == null then null else lookup("groups") // . end;
# Users who are programs: the table `bots` has their ids.
def is_bot: id_text as $user | $user != null and ($user | lookup("bots")) != null;

def contact($ticket):
  {customer_id: ($ticket.requester_id | id_text), team: ($ticket.group_id | group), priority: ($ticket.priority | priority),
   channel: ($ticket.via.channel | if . == null then null else ascii_downcase end)};

def event($type; $id; $time; $ticket): {id: ($id // digest($type, $ticket.id, $time)), type: $type, time: $time, ticket_id: $ticket.id};

def created($id; $time; $ticket):
  event("ticket.created"; $id; $ticket.created_at // $time; $ticket)
  + {created_by: (if ($ticket.submitter_id | id_text) != null and ($ticket.submitter_id | id_text) != ($ticket.requester_id | id_text)
                  then "agent" else null end)}
  + contact($ticket);

def comment($id; $time; $ticket; $comment):
  event("ticket.message"; $id; $time; $ticket)
  + (if ($comment.author.id | is_bot) then {author: "bot", automated: true}
     elif $comment.author.is_staff == true then {author: "agent", agent_id: ($comment.author.id | id_text)}
     else {author: "customer"} end)
  + {public: (if $comment.is_public == false then false else null end)};

def status_changed($id; $time; $ticket; $current):
  ($current | status) as $status
  | if $status == null then empty else event("ticket.status_changed"; $id; $time; $ticket) + {status: $status} end;

# The actor of a message: end users and the system are seen in recorded payloads, the word for an agent is not documented.
def messaging_author:
  meaning("actor.type"; {"end_user": "customer", "agent": "agent", "system": "system", "bot": "bot", "answer_bot": "bot", "ai_agent": "bot"});

def by_type($kind; $id; $time; $ticket; $event):
  if $kind == "ticket.created" then created($id; $time; $ticket)
  elif $kind == "ticket.comment_added" then comment($id; $time; $ticket; $event.comment)
  elif $kind == "messaging_ticket.message_added" then
    ($event.actor.type | messaging_author) as $author
    | if $author == null then empty else event("ticket.message"; $id; $time; $ticket) + {author: $author} end
  elif $kind == "ticket.status_changed" or $kind == "ticket.custom_status_changed" then
    status_changed($id; $time; $ticket; (if $kind == "ticket.status_changed" then $event.current // $ticket.status else $ticket.status end))
  elif $kind == "ticket.agent_assignment_changed" then
    event("ticket.assigned"; $id; $time; $ticket) + {agent_id: ($event.current | id_text), team: (($ticket.group_id | group) // "")}
  elif $kind == "ticket.group_assignment_changed" then
    event("ticket.assigned"; $id; $time; $ticket) + {team: (($event.current | group) // ""), agent_id: ($ticket.assignee_id | id_text)}
  elif $kind == "ticket.marked_as_spam" then event("ticket.status_changed"; $id; $time; $ticket) + {status: "spam"}
  elif $kind == "ticket.soft_deleted" or $kind == "ticket.permanently_deleted" then
    event("ticket.status_changed"; $id; $time; $ticket) + {status: "deleted"}
  elif $kind == "ticket.undeleted" then status_changed($id; $time; $ticket; $ticket.status // "open")
  elif $kind == "ticket.csat_requested" then
    event("survey.sent"; $id; $time; $ticket) + {survey_id: "\($ticket.id)-csat", metric: "csat", customer_id: ($ticket.requester_id | id_text)}
  elif $kind == "ticket.csat_received" then
    ($event.satisfaction_score.score | meaning("satisfaction_score"; {"good": 2, "bad": 1})) as $score
    | if $score == null then empty
      else event("survey.responded"; $id; $time; $ticket)
        + {survey_id: "\($ticket.id)-csat", metric: "csat", score: $score, scale_min: 1, scale_max: 2, customer_id: ($ticket.requester_id | id_text),
           agent_id: ($ticket.assignee_id | id_text)} end
  else empty end;

# A ticket of the REST interface with all its audits: each audit is one update, and says who made it and what it set, changed or added.
def audited($ticket; $audits):
  ($ticket.requester_id | id_text) as $requester
  | ([$audits[].events[]? | select(.type == "Create" and .field_name == "group_id") | .value | id_text] | first) as $first_group
  | created("ticket-\($ticket.id)-created"; null; $ticket + (if $first_group == null then {} else {group_id: $first_group} end)),
    ($audits[] | . as $audit | $audit.events[]?
      | "audit-\(.id)" as $id
      | if .type == "Comment" then
          (.author_id // $audit.author_id | id_text) as $author
          | if ($author // "" | startswith("-")) then event("ticket.message"; $id; $audit.created_at; $ticket) + {author: "bot", automated: true}
            else comment($id; $audit.created_at; $ticket; {author: {id: $author, is_staff: ($author != $requester)}, is_public: .public}) end
        elif .field_name == "status" and (.type == "Change" or (.type == "Create" and .value != "new" and .value != "open")) then
          status_changed($id; $audit.created_at; $ticket; .value)
        elif .type == "Change" and .field_name == "group_id" then
          event("ticket.assigned"; $id; $audit.created_at; $ticket) + {team: ((.value | group) // "")}
        elif .type == "Change" and .field_name == "assignee_id" then
          event("ticket.assigned"; $id; $audit.created_at; $ticket) + {agent_id: (.value | id_text)}
        elif .type == "SatisfactionRating" and .score == "offered" then
          event("survey.sent"; $id; $audit.created_at; $ticket) + {survey_id: "\($ticket.id)-csat", metric: "csat", customer_id: $requester}
        elif .type == "SatisfactionRating" and (.score == "good" or .score == "bad") then
          event("survey.responded"; $id; $audit.created_at; $ticket)
          + {survey_id: "\($ticket.id)-csat", metric: "csat", score: (if .score == "good" then 2 else 1 end), scale_min: 1, scale_max: 2,
             customer_id: $requester, agent_id: (.assignee_id | id_text)}
        else empty end),
    (($ticket.status | status) as $status
      | if $status == null or $status == "solved" or $status == "closed" or $status == "deleted" then empty
        else event("ticket.snapshot"; "ticket-\($ticket.id)-snapshot-\($timestamp)"; ($timestamp | epoch("ms")); $ticket)
          + {created_time: $ticket.created_at, status: $status} + contact($ticket) end);

# "Support Ticket: Agent Assignment Changed" and "Agent Assignment Changed" both name the event `ticket.agent_assignment_changed`.
def bridge_kind: "ticket." + (ascii_downcase | ltrimstr("support ticket: ") | ltrimstr("ticket ") | gsub(" "; "_"));

if type != "object" then empty
elif ."detail-type" != null then
  .detail.ticket_event as $event
  | by_type(."detail-type" | bridge_kind; $event.meta.id // .id; $event.meta.occurred_at // .time; $event.ticket; $event)
elif (.type | type) == "string" and (.type | startswith("zen:event-type:")) then
  by_type(.type | ltrimstr("zen:event-type:"); .id; .time; .detail; .event)
elif .ticket.created_at? != null and (.audits | type) == "array" then audited(.ticket; .audits)
# The body of a trigger that the page of this feed has.
elif (.type | type) == "string" and .ticket_id != null then
  {id: (.id | present), type, time: (.time | present), ticket_id, customer_id: (.customer_id | id_text), status: (.status | status), priority: (.priority | priority),
   team: (.team | present), channel: (.channel | present), author, created_by, agent_id: (.agent_id | id_text), public} 
  | .time = (.time // ($timestamp | epoch("ms")))
  | .id = (.id // digest(.type, .ticket_id, .time, .status, .agent_id))
else empty end
