# Webhooks of Delighted (survey_response.created and .updated). The table `settings` has the survey's metric under `metric` (`nps` by default), and for
# `ces` its direction under `ces_direction`. A property `ticket_id` or `customer_id` of the person says what the answer is about.

("metric" | lookup("settings") // "nps") as $metric
| if type != "object" or .event_data.score == null then empty
  else .event_id as $event
    | .event_data
    | (.person_properties // {}) as $properties
    | {id: ($event // digest("delighted", .id, .score, .updated_at)), type: "survey.responded", time: ((.updated_at // .created_at) | epoch("s")),
       metric: $metric, score: .score, survey_id: (.id | id_text), ticket_id: ($properties.ticket_id | id_text),
       customer_id: (($properties.customer_id // .person.id) | id_text),
       direction: (if $metric == "ces" then "ces_direction" | lookup("settings") // "ease" else null end)}
  end
