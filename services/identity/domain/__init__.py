"""What identity decides, one noun a module: pure, without a clock, a database or a framework."""
