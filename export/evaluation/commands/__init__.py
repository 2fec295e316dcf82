"""Subcommands of `hearth evaluate`, a module each with HELP, add_arguments and run."""
