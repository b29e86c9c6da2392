"""A row for each hour of each station."""
