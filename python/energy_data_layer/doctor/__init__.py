"""What `edl doctor` looks at: each file examines one part of the installation."""
