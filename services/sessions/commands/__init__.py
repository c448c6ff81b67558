"""The use cases of this service: each loads, decides by the domain, and appends."""
