"""Subcommands of `hearth` that belong to devices."""
