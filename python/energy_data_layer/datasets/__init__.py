"""Each dataset that the layer knows: its service, payload, table and meaning."""
