"""Applications that live in a simulated host."""
