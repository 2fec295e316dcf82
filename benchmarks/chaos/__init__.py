"""Rounds of accidents, drawn from a seed, that real processes have to survive without losing anything."""
