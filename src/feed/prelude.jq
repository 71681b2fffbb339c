# The functions that every feed has beside those of jq and the native ones.

# A digest of all outputs of f, for the id of an event that has none of its own.
def digest(f): [f] | digest;

# Whether the value is one of the outputs of s.
def IN(s): . as $value | any(s == $value; .);
