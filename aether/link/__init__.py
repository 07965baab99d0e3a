"""Links: ports, impairments, and the TAP device."""
