"""The questions that licensing answers."""
