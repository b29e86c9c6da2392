"""Tables that are larger than memory, or that lie on many machines: filled in parts of whole stations."""
