# Webhooks of Typeform (form_response). Which question asks what is configured: the table `questions` has `csat`, `nps` or `ces` by the reference (or
# the id) of a question. A hidden field `ticket_id`, `customer_id` or `chat_id` says what the answer is about.

def metric_of: .field as $field | (($field.ref // "") | lookup("questions")) // (($field.id // "") | lookup("questions"));

# The scale of a question: from the definition in the same webhook, where it has the number of steps.
def scale($metric; $definition; $id):
  ([$definition.fields[]? | select(.id == $id)] | first) as $field
  | ($field.properties.steps // null) as $steps
  | (if $field.properties.start_at_one == false then 0 else 1 end) as $low
  | if $metric == "nps" or $steps == null then {}
    else {scale_min: $low, scale_max: ($low + $steps - 1)} end;

if type != "object" or .form_response == null then empty
else .event_id as $event
  | .form_response
  | . as $response
  | (.hidden // {}) as $hidden
  | .answers[]?
  | metric_of as $metric
  | select($metric != null and .number != null)
  | {id: "\($event // $response.token)-\(.field.id)", type: "survey.responded", time: $response.submitted_at, metric: $metric, score: .number,
     survey_id: "\($response.token)-\(.field.id)", ticket_id: ($hidden.ticket_id | id_text), chat_id: ($hidden.chat_id | id_text),
     customer_id: ($hidden.customer_id | id_text),
     direction: (if $metric == "ces" then "ces_direction" | lookup("settings") // "ease" else null end)}
    + scale($metric; $response.definition; .field.id)
end
