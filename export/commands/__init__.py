"""Subcommands of `hearth` that need torch."""
