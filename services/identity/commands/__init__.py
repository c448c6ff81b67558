"""Identity's use cases, one function each: load, decide, append. One noun a module."""
