# The functions that every feed has beside those of jq.

# A value that means something: not null, an empty text, an empty object or an empty list.
def present: if . == null or . == "" or . == {} or . == [] then null else . end;

# An id as a text; "0" and what is not present are no id.
def id_text: if type == "number" or type == "string" then (tostring | if . == "" or . == "0" then null else . end) else null end;

# The meaning of an enumerated value: `words` has it by the value's text in small letters. A value without a meaning is counted under `name`, and gives null.
def meaning($name; $words): if present == null then null else (tostring | ascii_downcase) as $word | if $words | has($word) then $words[$word] else unknown($name) end end;

# A digest of all outputs of f, for the id of an event that has none of its own.
def digest(f): [f] | digest;

# Whether the value is one of the outputs of s.
def IN(s): . as $value | any(s == $value; .);
