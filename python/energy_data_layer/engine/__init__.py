"""Which engine runs, how a call crosses to Rust, and what equal answers are."""
