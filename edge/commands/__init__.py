"""Subcommands of `hearth` that run on the edge."""
