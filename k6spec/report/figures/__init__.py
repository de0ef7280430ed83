"""What the report draws and tabulates: aggregates that DuckDB computes, never a loop over requests or spans."""
