"""The demo: a whole household on one machine, played from a recording."""
