"""Asking the public services."""
