"""The HTML pages that k6spec writes: each one self-contained file."""
