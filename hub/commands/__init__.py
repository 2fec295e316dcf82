"""Subcommands of `hearth` that need the hub."""
