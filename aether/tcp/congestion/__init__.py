"""Congestion control algorithms behind one small interface."""
