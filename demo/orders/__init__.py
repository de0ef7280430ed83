"""The orders service, the shop's public entry: products, order history and checkout."""
