"""The questions this service answers; commands ask some of them before they decide."""
