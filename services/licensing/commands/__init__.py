"""What people and the worker do in licensing: one function a use case."""
