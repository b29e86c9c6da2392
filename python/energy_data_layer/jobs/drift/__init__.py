"""What a run reports of changes in its source: fields, members, distributions."""
