"""Aether: a complete TCP/IP stack in plain Python, made to be looked at.

Nothing below this package performs I/O, reads a clock or starts a thread, except
`aether.engine` (which drives a world) and `aether.link.tap` (the one device).
"""

__version__ = "0.1.0"
