"""Subcommands of `hearth` for models: `export`, which needs torch, and `evaluate`, which does not."""
