"""Command modules, one per noun."""
