"""Live prices: each provider's own price service, read into the rows of a price list."""
