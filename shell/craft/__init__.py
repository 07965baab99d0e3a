"""From a line of text to bytes for the wire, with scapy."""
