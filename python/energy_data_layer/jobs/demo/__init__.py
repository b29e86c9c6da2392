"""The demonstration: both jobs on made-up data sets."""
