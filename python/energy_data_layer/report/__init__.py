"""What a run tells: the run report and its pictures."""
