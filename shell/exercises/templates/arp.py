"""An ARP cache (RFC 826): which hardware address belongs to an IP address of the same network.

Every ARP packet that reaches the host is given to received(). RFC 826, "Packet Reception", says what happens then:
who is known already is brought up to date, whatever the packet is about; who is not known is remembered only if the
packet is for us (its target is our address); and a request for our address is answered. An entry that nobody has
confirmed for its lifetime is forgotten.

Addresses are texts, such as "192.168.1.1" and "02:00:00:00:00:01". Times are seconds, and never go back.
"""


class ArpCache:
    """What a host knows of its neighbours."""

    def __init__(self, address: str, lifetime: float = 60.0) -> None:
        """`address` is our own IP address; an entry lives for `lifetime` seconds after its last confirmation."""
        raise NotImplementedError

    def received(self, now: float, operation: str, sender: str, hardware: str, target: str) -> bool:
        """Take a packet, and return whether it is to be answered.

        `operation` is "request" or "reply", `sender` and `hardware` are the addresses of whoever sent it, and `target`
        is the IP address that it is about.
        """
        raise NotImplementedError

    def lookup(self, now: float, address: str) -> str | None:
        """Return the hardware address of a neighbour; None if it is not known, or not any more."""
        raise NotImplementedError
