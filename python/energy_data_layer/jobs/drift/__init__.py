"""What a run tells of changes in its source: fields, members, distributions."""
