"""Published files: weather and generation tables in CSV."""
