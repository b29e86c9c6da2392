"""Stored rows made again by the rules of today."""
