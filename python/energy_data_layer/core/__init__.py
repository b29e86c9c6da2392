"""What every room uses: frames and columns, numbers and stamps, provenance, logs."""
