"""The command line: one command per file, each with --json."""
