"""Vectors of items, the map drawn from them, and what is near to what."""
