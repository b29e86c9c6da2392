"""Weather observations, from files or from the service, to a table without gaps."""
