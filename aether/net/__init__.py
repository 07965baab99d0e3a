"""The network layer: neighbours, routes, IPv4, fragments, ICMP."""
