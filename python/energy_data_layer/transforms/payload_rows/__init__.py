"""Rows from what a service sends."""
