"""Missing values filled."""
