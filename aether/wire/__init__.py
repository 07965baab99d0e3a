"""One module per protocol: bytes to header and back. No state, no policy."""
