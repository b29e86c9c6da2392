"""What all readers of text share; it loads nothing."""

from __future__ import annotations

BLANKS = " \t\r\n\u00a0\u3000\ufeff"
"""What is trimmed off headings, names, cells and the values of payloads."""
