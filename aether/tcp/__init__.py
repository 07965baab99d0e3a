"""TCP: one module per mechanism."""
