//! One pass over the text: grammar, depth, repeated names, caps.
