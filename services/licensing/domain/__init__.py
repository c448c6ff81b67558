"""The business of licensing, pure: jurisdictions, rules, credentials, and what follows from them for a counselor."""
