"""The reference of `rows_from_api_payload`."""
