"""A row for each hour from a table with a column for each hour."""
