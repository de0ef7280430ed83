"""Figures, not tests: ratios measured in one run. ``python -m benchmarks NAME [--json FILE]``."""
