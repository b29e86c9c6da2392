"""Where the data go: one database interface over embedded and server databases."""
