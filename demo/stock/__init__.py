"""The stock service: how many of each product there are, and reservations."""
