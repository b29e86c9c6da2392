"""Where the data come from: files and public services."""
