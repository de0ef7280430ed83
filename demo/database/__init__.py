"""The shop's database: tables, connections and seed data, the same on SQLite and PostgreSQL."""
