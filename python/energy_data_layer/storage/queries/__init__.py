"""What jobs, checks and pages ask the database: functions that take values and return Arrow."""
