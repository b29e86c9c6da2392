"""The one place that states the version; the Rust engine must carry the same."""

__version__ = "0.2.0"
