"""Start and stop the shop: its database, both services and their environment."""
