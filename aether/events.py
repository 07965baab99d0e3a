"""What the stack reports: kinds of events, and the reason of every drop.

Hot code asks ``if observer is not None:`` and passes raw values, positionally, in the
order declared here; nothing is formatted until somebody reads it, on another thread.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

Observer = Callable[..., None]
"""Called as ``observer(host_name, kind, *values)``; values in the order of ``KINDS[kind]``."""

Teller = Callable[[str, int, str, tuple[Any, ...]], None]
"""Called as ``teller(host_name, count, happening, values)`` for the events of one occurrence at once, so many of them,
where all that they say follows from a few values; `aether.tcp.short.events` says what each happening unfolds to."""


class Kind(NamedTuple):
    """One kind of event: the names of its values, and one line that explains it."""

    fields: tuple[str, ...]
    help: str


_SESSION = ("protocol", "inside", "inside_port", "outside", "outside_port", "other", "other_port")

KINDS: dict[str, Kind] = {
    # Frames. `number` is given once, when a frame enters a link or is read from the TAP.
    "frame.sent": Kind(("number", "link", "data"), "a host puts a frame on a link"),
    "frame.arrived": Kind(("number", "link", "data"), "a frame reaches a host"),
    "frame.lost": Kind(("number", "link", "cause"), "a link loses a frame"),
    "frame.copied": Kind(("number", "link", "original"), "a link duplicates a frame"),
    "frame.altered": Kind(("number", "link", "what"), "a link changes a frame"),
    "frame.waits": Kind(("number", "link", "worker", "microseconds"), "a core has to wake up, or to work, first"),
    "frame.delayed": Kind(("number", "link", "microseconds"), "a link holds a frame back"),
    "drop": Kind(("reason", "conn", "detail"), "a host discards what it received"),
    # A NAT in the middle of a link. `protocol` is a number as on the wire, `microseconds` how long nothing has come.
    "nat.mapping": Kind(_SESSION, "a NAT gives somebody inside a port outside"),
    "nat.state": Kind((*_SESSION, "old", "new"), "a session of a NAT changes its state"),
    "nat.expired": Kind((*_SESSION, "state", "microseconds"), "a NAT forgets a session that was idle for too long"),
    # Ethernet and ARP.
    "arp.asked": Kind(("address", "attempt"), "who has this address?"),
    "arp.learned": Kind(("address", "mac", "how"), "a neighbour is known now"),
    "arp.state": Kind(("address", "old", "new", "why"), "a neighbour's entry changed its state"),
    "arp.failed": Kind(("address", "waiting"), "nobody answered; what waited is discarded"),
    "arp.queued": Kind(("address", "waiting"), "a packet waits for the neighbour's address"),
    "arp.claim": Kind(("address", "old", "new", "why"), "an address of ours is probed for, used, or given up"),
    "arp.conflict": Kind(("address", "mac"), "somebody else claims our address"),
    # IPv4 and ICMP.
    "ipv4.forwarded": Kind(("source", "destination", "ttl"), "a router passes a packet on"),
    "ipv4.fragmented": Kind(("identification", "pieces"), "a packet is cut into fragments"),
    "ipv4.reassembled": Kind(("identification", "pieces", "length"), "fragments became a packet"),
    "ipv4.pmtu": Kind(("destination", "mtu", "why"), "the path's MTU changed"),
    "icmp.echo": Kind(("source", "identifier", "sequence"), "an echo request is answered"),
    "icmp.reply": Kind(("source", "identifier", "sequence", "rtt"), "an echo reply came back"),
    "icmp.error_sent": Kind(("type", "code", "destination"), "an ICMP error is sent"),
    "icmp.error_received": Kind(("type", "code", "source"), "an ICMP error arrived"),
    # IGMP. `group` is an address.
    "igmp.joined": Kind(("group",), "a host becomes a member of a multicast group"),
    "igmp.left": Kind(("group",), "a host is in a multicast group no more"),
    "igmp.asked": Kind(("group", "microseconds"), "a router asks for the members of a group, or of all"),
    "igmp.reported": Kind(("group", "why"), "a host says that it is in a group"),
    "igmp.suppressed": Kind(("group", "source"), "another member has reported the group, so this one need not"),
    # UDP.
    "udp.delivered": Kind(("source", "source_port", "port", "length"), "a datagram is delivered"),
    # DNS. `type` is a number, as on the wire; `server` an address.
    "dns.asked": Kind(("name", "type", "server", "over"), "a resolver asks a name server"),
    "dns.answered": Kind(("name", "type", "code", "answers"), "a name server answered"),
    "dns.cached": Kind(("name", "type", "records"), "the cache knows the answer"),
    "dns.failed": Kind(("name", "type", "why"), "a name could not be looked up"),
    "dns.served": Kind(("name", "type", "code", "answers"), "a name server answers a query"),
    # DHCP. `xid` names an exchange, `type` is DISCOVER, OFFER and so on.
    "dhcp.state": Kind(("old", "new", "why"), "a DHCP client changes its state"),
    "dhcp.sent": Kind(("type", "xid", "destination"), "a DHCP client sends a message"),
    "dhcp.received": Kind(("type", "xid", "server", "address"), "a DHCP client takes a message"),
    "dhcp.fell_back": Kind(("address",), "no DHCP server answered: a static address is used"),
    "dhcp.served": Kind(("type", "xid", "mac"), "a DHCP server takes a message"),
    # TCP. `conn` is a connection's number, sequence numbers are as on the wire.
    "tcp.state": Kind(("conn", "old", "new", "cause"), "a connection changes its state"),
    "tcp.opened": Kind(("conn", "local", "local_port", "remote", "remote_port"), "a connection is made"),
    "tcp.accepted": Kind(("conn", "seq", "length"), "a segment is acceptable"),
    "tcp.ack_sent": Kind(("conn", "ack", "why"), "an acknowledgement is sent"),
    "tcp.ack_held": Kind(("conn", "why"), "an ACK in answer to what is not acceptable is held back: one has just left"),
    "tcp.reset": Kind(("conn", "seq", "why"), "a reset is sent"),
    "tcp.timer": Kind(("conn", "timer", "action", "deadline"), "a timer starts, fires or stops"),
    "tcp.rtt": Kind(("conn", "sample", "srtt", "rttvar", "rto"), "a round trip was measured"),
    "tcp.retransmit": Kind(("conn", "seq", "length", "why"), "a segment is sent again"),
    "tcp.cwnd": Kind(("conn", "cwnd", "ssthresh", "why"), "the congestion window changes"),
    "tcp.recovery": Kind(("conn", "phase", "why"), "loss recovery starts or ends"),
    "tcp.window": Kind(("conn", "window", "why"), "the peer's window opens, shrinks or closes"),
    "tcp.buffered": Kind(("conn", "seq", "length"), "an out-of-order segment is kept"),
    "tcp.delivered": Kind(("conn", "length"), "data is ready for the application"),
    "tcp.blocked": Kind(("conn", "by"), "data has to wait, and for what"),
    "tcp.limited": Kind(("conn", "by"), "what holds data back is another than before, or nothing"),
    "tcp.urgent": Kind(("conn", "length"), "the peer calls so many bytes ahead urgent"),
    "tcp.cookie": Kind(("isn", "mss", "what"), "a SYN cookie is sent, or opens a connection"),
    "tcp.fast_open": Kind(
        ("conn", "what", "cookie", "length"), "data in a SYN, or a cookie for it, is sent, taken or refused"),
    "tcp.error": Kind(("conn", "error"), "a connection ends with an error"),
    # Applications and the user.
    "app": Kind(("name", "what"), "an application says what it does"),
    "user": Kind(("operation",), "the user did something"),
    "knob": Kind(("name", "old", "new"), "a knob was turned"),
    "link": Kind(("name", "what"), "a link's impairments changed"),
}


class Event(NamedTuple):
    """One event as a subscriber keeps it."""

    serial: int
    """Counts events, from 1."""
    occurrence: int
    """Number of the occurrence in which it happened, from 1."""
    time: int
    """World time in microseconds."""
    host: str
    """Name of the host, or of the link for what happens on a wire."""
    frame: int
    """Number of the frame being handled; 0 when there is none."""
    kind: str
    values: tuple[Any, ...]
    source: tuple[str, int]
    """File and line of the decision, as the interpreter knows them."""

    def fields(self) -> dict[str, Any]:
        """Return the values by name."""
        return dict(zip(KINDS[self.kind].fields, self.values, strict=True))


class Reason(NamedTuple):
    """Why something is discarded: one line for a person, the clause, the knob that decides."""

    help: str
    rfc: str = ""
    knob: str = ""


DROPS: dict[str, Reason] = {
    "ethernet.truncated": Reason("shorter than an Ethernet header", "RFC 894"),
    "ethernet.not_for_us": Reason("the destination address is another station's", "RFC 894"),
    "ethernet.ipv6_unsupported": Reason("IPv6 is not supported yet"),
    "ethernet.unknown_type": Reason("no protocol here for this EtherType", "RFC 1122 §2.3"),
    "ethernet.ieee_802_3": Reason("a length where the EtherType should be: IEEE 802.3", "RFC 1042"),
    "arp.truncated": Reason("shorter than an ARP packet", "RFC 826"),
    "arp.unsupported": Reason("not Ethernet and IPv4, or an unknown operation", "RFC 826"),
    "arp.not_for_us": Reason("asks for somebody else's address", "RFC 826"),
    "arp.bad_sender": Reason("the sender's address is a group address or our own", "RFC 5227 §2.4"),
    "arp.unsolicited": Reason("an answer to a question nobody asked", "RFC 826", "arp.unsolicited"),
    "arp.queue_full": Reason("too many packets wait for this neighbour", "RFC 1122 §2.3.2.2"),
    "arp.unresolved": Reason("nobody answers for the next hop's address", "RFC 1122 §2.3.2.2"),
    "ipv4.truncated": Reason("shorter than its header or total length says", "RFC 791 §3.1"),
    "ipv4.version": Reason("the version is not 4", "RFC 1122 §3.2.1.1"),
    "ipv4.header_length": Reason("the header length is below 20 bytes or beyond the packet", "RFC 791 §3.1"),
    "ipv4.checksum": Reason("the header checksum is wrong", "RFC 1122 §3.2.1.2"),
    "ipv4.bad_source": Reason("the source is no host's address", "RFC 1122 §3.2.1.3"),
    "ipv4.options": Reason("malformed options", "RFC 791 §3.1"),
    "ipv4.source_route": Reason("source routes are refused", "RFC 6274 §3.13.2.3"),
    "ipv4.not_for_us": Reason("addressed to another host, and we are no router", "RFC 1122 §3.2.1.3"),
    "ipv4.not_member": Reason("sent to a group that nobody here has joined", "RFC 1112 §7.2"),
    "ipv4.no_route": Reason("no route to the destination", "RFC 1122 §3.3.1"),
    "ipv4.ttl": Reason("the time to live ran out", "RFC 1122 §3.2.1.7"),
    "ipv4.too_big": Reason("larger than the MTU, and must not be fragmented", "RFC 1191 §4"),
    "ipv4.protocol": Reason("no such transport protocol here", "RFC 1122 §3.2.2.1"),
    "ipv4.fragments": Reason("fragments are not accepted", "RFC 791 §3.2", "ipv4.fragments"),
    "ipv4.fragment_overlap": Reason("fragments overlap", "RFC 5722 §3"),
    "ipv4.fragment_ecn": Reason("some fragments are ECN-capable and others not", "RFC 3168 §5.3"),
    "ipv4.fragment_too_long": Reason("fragments make more than 65,535 bytes", "RFC 791 §3.1"),
    "ipv4.fragment_memory": Reason("too many unfinished packets", "RFC 791 §3.2"),
    "ipv4.fragment_timeout": Reason("not all fragments came in time", "RFC 1122 §3.3.2"),
    "ipv4.fragment_length": Reason(
        "a fragment without data, or before the last and no multiple of 8 bytes", "RFC 791 §3.2"),
    "icmp.truncated": Reason("shorter than an ICMP header", "RFC 792"),
    "icmp.checksum": Reason("the checksum is wrong", "RFC 792"),
    "icmp.unknown_type": Reason("an ICMP type that is not used here", "RFC 1122 §3.2.2"),
    "icmp.unmatched": Reason("nobody here waits for this", "RFC 1122 §3.2.2.6"),
    "icmp.broadcast_echo": Reason(
        "echo requests to a broadcast address are not answered", "RFC 1122 §3.2.2.6", "icmp.broadcast"),
    "icmp.echo_off": Reason("echo requests are not answered", "RFC 1122 §3.2.2.6", "icmp.echo"),
    "igmp.truncated": Reason("shorter than an IGMP message", "RFC 2236 §2"),
    "igmp.checksum": Reason("the checksum is wrong", "RFC 2236 §2.3"),
    "igmp.unknown_type": Reason("an IGMP type that hosts do not use", "RFC 2236 §2.1"),
    "igmp.not_member": Reason("a report about a group that nobody here is in", "RFC 2236 §3"),
    "udp.truncated": Reason("shorter than its header or length says", "RFC 768"),
    "udp.checksum": Reason("the checksum is wrong", "RFC 1122 §4.1.3.4"),
    "udp.no_port": Reason("no socket on this port", "RFC 1122 §4.1.3.1"),
    "udp.buffer_full": Reason("the socket's buffer is full", "RFC 768"),
    "tcp.truncated": Reason("shorter than its header says", "RFC 9293 §3.1"),
    "tcp.data_offset": Reason("the data offset is below 5 or beyond the segment", "RFC 9293 §3.1"),
    "tcp.checksum": Reason("the checksum is wrong", "RFC 9293 §3.1"),
    "tcp.options": Reason("malformed options", "RFC 9293 §3.2"),
    "tcp.bad_address": Reason("a group address is no TCP peer", "RFC 9293 §3.9.2.3"),
    "tcp.no_connection": Reason("no connection and no listener for it", "RFC 9293 §3.10.7.1"),
    "tcp.no_listener": Reason("nobody listens on this port", "RFC 9293 §3.10.7.1"),
    "tcp.listen_not_syn": Reason("a listener expects a SYN", "RFC 9293 §3.10.7.2"),
    "tcp.syn_fin": Reason("a SYN that ends the connection it begins", "RFC 9293 §3.10.7.2", "tcp.drop_synfin"),
    "tcp.backlog_full": Reason("the listener's queue is full", "RFC 9293 §3.10.7.2"),
    "tcp.syn_sent_unacceptable": Reason("does not acknowledge our SYN", "RFC 9293 §3.10.7.3"),
    "tcp.old_duplicate": Reason("everything in it was received before", "RFC 9293 §3.10.7.4"),
    "tcp.outside_window": Reason("outside the receive window", "RFC 9293 §3.10.7.4"),
    "tcp.too_many_holes": Reason(
        "it would make one hole more in what has arrived", "RFC 9293 §3.10.7.4", "tcp.holes"),
    "tcp.out_of_order": Reason(
        "beyond a hole, and out-of-order segments are not kept", "RFC 9293 §3.10.7.4", "tcp.out_of_order"),
    "tcp.old_ack": Reason("acknowledges what was acknowledged long ago", "RFC 5961 §5", "tcp.challenge_ack"),
    "tcp.future_ack": Reason("acknowledges what was never sent", "RFC 9293 §3.10.7.4"),
    "tcp.no_ack": Reason("the ACK bit is not set", "RFC 9293 §3.10.7.4"),
    "tcp.unexpected_syn": Reason("a SYN inside a connection", "RFC 5961 §4", "tcp.challenge_ack"),
    "tcp.rst_outside_window": Reason("a reset outside the window", "RFC 5961 §3", "tcp.challenge_ack"),
    "tcp.rst_not_exact": Reason("a reset that does not name the next byte", "RFC 5961 §3", "tcp.challenge_ack"),
    "tcp.paws": Reason("the timestamp is older than the last one", "RFC 7323 §5", "tcp.paws"),
    "tcp.bad_cookie": Reason("the acknowledgement carries no valid SYN cookie", "RFC 4987 §3.6", "tcp.syn_cookies"),
    "tcp.after_close": Reason("data for an application that has closed", "RFC 1122 §4.2.2.13"),
    "dhcp.truncated": Reason("shorter than a DHCP message", "RFC 2131 §2"),
    "dhcp.unsupported": Reason("no DHCP message for Ethernet", "RFC 2131 §2"),
    "dhcp.options": Reason("malformed options", "RFC 2132 §2"),
    "dhcp.unmatched": Reason("another client's, or another exchange's", "RFC 2131 §4.4.1"),
    "dhcp.unexpected": Reason("a message that nobody waits for in this state", "RFC 2131 §4.4"),
    "dhcp.incomplete": Reason("without a usable address, mask, server or lease time", "RFC 2131 §4.3.1"),
    "dhcp.pool_empty": Reason("no address is free", "RFC 2131 §4.3.1"),
    "dns.truncated": Reason("shorter than its counts and lengths say", "RFC 1035 §4.1"),
    "dns.name": Reason("a name that is too long or never ends", "RFC 1035 §4.1.4"),
    "dns.unmatched": Reason("no question of ours has this id, port and name", "RFC 5452 §9.1"),
    "dns.not_a_query": Reason("a response where a query should be", "RFC 1035 §4.1.1"),
    "dns.malformed": Reason("a record whose data does not fit its type", "RFC 1035 §4.1.3"),
}

BOXES: dict[str, Reason] = {
    "nat.no_mapping": Reason("nobody inside has asked for it: no mapping of the NAT has this port", "RFC 4787 §5"),
    "nat.filtered": Reason("there is a mapping, but not for this other end", "RFC 4787 §5"),
    "nat.ports_exhausted": Reason("the NAT has no port left for it", "RFC 4787 §4.2"),
    "nat.table_full": Reason("the table of the NAT is full"),
    "nat.protocol": Reason("it has no ports, so that a NAT could not tell whose the answer is", "RFC 3022 §4"),
    "nat.fragment": Reason("a fragment whose first one, which shows the ports, has not come before", "RFC 4787 §11"),
    "nat.malformed": Reason("its headers are not whole", "RFC 791 §3.1"),
}
"""Why a box in the middle of a link lets a frame go no further: causes of `frame.lost`."""
