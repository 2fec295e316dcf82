"""Training and export: the only place with torch."""
