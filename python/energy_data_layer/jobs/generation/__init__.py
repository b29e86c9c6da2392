"""Published generation files to a table of hours."""
