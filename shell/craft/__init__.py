"""From a line of text to bytes, with scapy."""
