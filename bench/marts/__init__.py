"""What the marts cost to feed and to read."""
