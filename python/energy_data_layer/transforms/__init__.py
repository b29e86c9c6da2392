"""The public transforms: one module each, plus the engine switch and the frame conversions."""
