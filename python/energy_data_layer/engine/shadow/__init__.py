"""Both engines on one call: the reference answers, Rust is compared behind it."""
