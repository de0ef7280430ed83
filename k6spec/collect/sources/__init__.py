"""Trace sources: backends from which the spans of known traces are read back."""
