"""Entries of the glossary for words that the first lessons use.

Each is a name, what it means, the clause that defines it, related entries, and other names of the same thing.
"""

from __future__ import annotations

BASICS: tuple[tuple[str, str, str, str, str], ...] = (
    (
        "echo service",
        "A program at port 7 that sends back whatever it gets.",
        "RFC 862", "port, UDP, TCP", ""),
    (
        "firewall",
        "A machine or program that throws away packets that somebody does not want.",
        "", "drop, router", ""),
    (
        "hexadecimal",
        "Numbers with sixteen digits, 0 to 9 and a to f, marked by 0x: one byte is two of them, and 0x21 is 33.",
        "", "byte order", ""),
    (
        "host",
        "A machine at the end of a network, with an address of its own. In this shell the one at the other end.",
        "RFC 1122 §1.1", "router, address", ""),
    (
        "identification",
        "A number in every IP header: fragments with the same one belong together.",
        "RFC 6864", "fragment, header", "IP ID"),
    (
        "name server",
        "A host that answers questions about names, at port 53.",
        "RFC 1034 §4", "DNS, resolver, record", ""),
    (
        "record",
        "One line of an answer of DNS: A is an address, CNAME says that a name is only another name for something.",
        "RFC 1035 §3.2", "DNS, name server", "resource record, CNAME, A record"),
    (
        "stack",
        "The program that speaks TCP/IP for a host. Here you have one of your own; it is written in Python.",
        "", "layer, host", "TCP/IP stack"),
    (
        "stale",
        "A neighbour that gave no sign of life for a while: its hardware address is checked at the next use.",
        "RFC 1122 §2.3.2", "neighbour, ARP", "reachable"),
)
