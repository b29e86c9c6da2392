"""The reference engine in pandas, NumPy and SciPy: written to be read, and the oracle of the equivalence tests."""
