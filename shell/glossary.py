"""The glossary: what the words of this trade mean, each in a sentence or two, with where to read on."""

from __future__ import annotations

from typing import NamedTuple

from shell.glossary_basics import BASICS


class Term(NamedTuple):
    """One entry."""

    name: str
    text: str
    rfc: str = ""
    """The clause that defines it; empty if there is none."""
    see: tuple[str, ...] = ()
    """Names of other entries."""
    also: tuple[str, ...] = ()
    """Other names of the same thing."""


def _term(name: str, text: str, rfc: str = "", see: str = "", also: str = "") -> Term:
    return Term(name, text, rfc, _names(see), _names(also))


def _names(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(",") if each.strip())


TERMS = (
    *(_term(*each) for each in BASICS),
    _term(
        "benchmark mode",
        "This stack as fast as it goes: nothing is recorded, and so nothing can be looked at afterwards.",
        "", "observer effect, throughput"),
    _term(
        "blind attack",
        "An attack by somebody who sees none of the frames: addresses, ports and sequence numbers are guessed.",
        "RFC 5961", "spoofing, ISN, challenge ACK", "blind injection"),
    _term(
        "challenge ACK",
        "What a suspicious RST or SYN is answered with: whoever really is the peer will confirm what it said.",
        "RFC 5961 §3", "RST, blind attack"),
    _term(
        "old duplicate",
        "A segment of an earlier connection, or of an earlier round, that arrives late.",
        "RFC 9293 §3.4.1", "TIME-WAIT, RST", "ghost, stale segment"),
    _term(
        "percentile",
        "The value that so many per cent of all measurements stay below: p99 is what one in a hundred exceeds.",
        "", "latency", "p99, median, tail latency"),
    _term(
        "skew",
        "How unevenly work is spread over several workers: the busiest one decides when all is done.",
        "", "shard, four-tuple", "load balancing"),
    _term(
        "observer effect",
        "Looking costs time, and so changes what is measured: every event that is recorded is work.",
        "", "throughput, latency", "overhead"),
    _term(
        "ACK",
        "Acknowledgement: the number of the byte that is expected next. Every byte before it has arrived. "
        "It counts bytes, not segments.",
        "RFC 9293 §3.4", "sequence number, cumulative ACK, duplicate ACK", "acknowledgement"),
    _term(
        "address",
        "A number that names an interface in the network: four bytes in IPv4, written 192.168.1.2.",
        "RFC 791 §2.3", "MAC address, subnet", "IP address"),
    _term(
        "ARP",
        "Address Resolution Protocol: asks everybody on the link who has an IP address, and learns the "
        "hardware address from the answer.",
        "RFC 826", "MAC address, broadcast, neighbour"),
    _term(
        "backlog",
        "The queue of a listener: connections that are being opened, or wait to be accepted. When it is "
        "full, new SYNs are ignored.",
        "", "listener, SYN flood, SYN cookie"),
    _term(
        "bandwidth-delay product",
        "Rate times round-trip time: how many bytes are on the way when a path is full.",
        "RFC 7323 §1", "window, round trip", "BDP"),
    _term(
        "broadcast",
        "A frame to everybody on the link, with the hardware address ff:ff:ff:ff:ff:ff.",
        "RFC 919", "multicast, ARP"),
    _term(
        "bufferbloat",
        "Long queues in front of a slow link: nothing is lost, and everything is late.",
        "RFC 7567", "queue, round trip, ECN"),
    _term(
        "byte order",
        "Which byte of a number comes first. On the network it is the most significant one.",
        "RFC 1700", "header", "network byte order, big-endian"),
    _term(
        "byte stream",
        "What TCP carries: bytes in order, without borders. Where one write ended, the reader cannot see.",
        "RFC 9293 §2.2", "segment, datagram", "stream"),
    _term(
        "cache",
        "A store of answers that are still good: hardware addresses in ARP, names in DNS.",
        "", "ARP, DNS, TTL"),
    _term(
        "checksum",
        "A sum over the bytes of a header or packet, by which the receiver sees damage. The internet's is "
        "the ones' complement of a 16-bit sum.",
        "RFC 1071", "header, drop"),
    _term(
        "CIDR",
        "Writing a network as address and prefix length, such as 192.168.1.0/24.",
        "RFC 4632", "subnet, prefix"),
    _term(
        "client",
        "The end that opens a connection, or asks.",
        "", "server, port"),
    _term(
        "CLOSE-WAIT",
        "The state after the peer has said FIN, while our application has not closed yet.",
        "RFC 9293 §3.3.2", "FIN, state, half-close"),
    _term(
        "congestion",
        "More comes to a link than it can carry: its queue grows, and then packets are lost.",
        "RFC 5681", "congestion window, queue"),
    _term(
        "congestion avoidance",
        "Growth by about one segment in a round trip, once the window has passed ssthresh.",
        "RFC 5681 §3.1", "slow start, ssthresh, AIMD"),
    _term(
        "congestion control",
        "How a sender finds out what the network can carry, and holds itself back. It is not flow control, "
        "which protects the receiver.",
        "RFC 5681", "congestion window, slow start, flow control"),
    _term(
        "congestion window",
        "How much the sender allows itself to have in flight, from what it has learned of the network.",
        "RFC 5681 §2", "congestion control, window, slow start", "cwnd"),
    _term(
        "connection",
        "Two ends that agree on sequence numbers: named by both addresses and both ports.",
        "RFC 9293 §3.3.1", "four-tuple, handshake, state"),
    _term(
        "CRLF",
        "Carriage return and line feed, bytes 13 and 10: the end of a line in HTTP.",
        "RFC 9112 §2.2", "HTTP"),
    _term(
        "CUBIC",
        "A congestion control whose window grows with the cube of the time since the last loss. Linux's "
        "default.",
        "RFC 9438", "congestion control, Reno"),
    _term(
        "cumulative ACK",
        "An acknowledgement of everything before a number: it cannot say that something after a gap came.",
        "RFC 9293 §3.4", "ACK, SACK, gap", "cumulative acknowledgement"),
    _term(
        "D-SACK",
        "A SACK block that reports bytes which arrived twice: the sender learns that it resent in vain.",
        "RFC 2883", "SACK, retransmission"),
    _term(
        "datagram",
        "A packet that stands for itself: it arrives whole, or not at all, and knows nothing of the others.",
        "RFC 768", "UDP, packet"),
    _term(
        "delayed ACK",
        "An acknowledgement that waits a little for data to travel with, or for a second segment.",
        "RFC 9293 §3.8.6.3", "ACK, Nagle's algorithm"),
    _term(
        "DF",
        "Don't fragment: a flag of IP. A packet that is too large is then refused, and ICMP says so.",
        "RFC 791 §3.1", "fragment, path MTU", "don't fragment"),
    _term(
        "DHCP",
        "Dynamic Host Configuration Protocol: a host asks for an address, and gets it for some time.",
        "RFC 2131", "lease, broadcast"),
    _term(
        "DNS",
        "Domain Name System: names to addresses, a question and an answer in a datagram each.",
        "RFC 1035", "resolver, cache, UDP"),
    _term(
        "drop",
        "A packet that a host discards. Here, each has a reason: `drops`.",
        "", "loss, checksum"),
    _term(
        "duplicate ACK",
        "The same acknowledgement once more: something arrived after a gap. Three of them mean a loss.",
        "RFC 5681 §2", "fast retransmit, gap, SACK", "dupack"),
    _term(
        "echo request",
        "An ICMP message that asks for an echo: what ping sends.",
        "RFC 792", "ICMP, ping", "echo, echo reply"),
    _term(
        "ECN",
        "Explicit Congestion Notification: a router marks packets instead of dropping them.",
        "RFC 3168", "congestion, queue"),
    _term(
        "ephemeral port",
        "A port that a client takes for one connection, from a range kept for that.",
        "RFC 6056", "port, client"),
    _term(
        "ESTABLISHED",
        "The state of a connection that is open at both ends.",
        "RFC 9293 §3.3.2", "state, handshake"),
    _term(
        "Ethernet",
        "The frames of a local network: two hardware addresses, a type, the data.",
        "RFC 894", "frame, MAC address, MTU"),
    _term(
        "exponential backoff",
        "Waiting twice as long after each try that failed.",
        "RFC 6298 §5.5", "RTO, timer", "backoff"),
    _term(
        "fast recovery",
        "What follows a fast retransmit: the window is halved, and data keeps flowing.",
        "RFC 6582", "fast retransmit, congestion window"),
    _term(
        "fast retransmit",
        "Resending after three duplicate ACKs, without waiting for the timer.",
        "RFC 5681 §3.2", "duplicate ACK, RTO, SACK"),
    _term(
        "FIN",
        "The flag that ends one direction: I have nothing more to say. The other may go on.",
        "RFC 9293 §3.6", "half-close, TIME-WAIT"),
    _term(
        "flags",
        "Single bits of a header: SYN, ACK, FIN, RST, PSH and URG in TCP.",
        "RFC 9293 §3.1", "SYN, ACK, FIN, RST", "flag"),
    _term(
        "flight",
        "Bytes that were sent and are not acknowledged yet.",
        "RFC 5681 §2", "window, congestion window", "in flight, flight size"),
    _term(
        "flow control",
        "The receiver says how much it has room for: its window. It protects the receiver, not the network.",
        "RFC 9293 §3.8.6", "window, zero window, congestion control"),
    _term(
        "four-tuple",
        "Both addresses and both ports: what tells one connection from all others.",
        "RFC 9293 §3.3.1", "connection, port"),
    _term(
        "fragment",
        "A piece of an IP packet that was too large for a link. Only the destination puts them together.",
        "RFC 791 §3.2", "MTU, path MTU, reassembly", "fragmentation"),
    _term(
        "frame",
        "What is on the wire at once: an Ethernet header, and what it carries.",
        "RFC 894", "packet, segment, Ethernet"),
    _term(
        "gap",
        "Bytes that are missing while later ones have arrived.",
        "", "out of order, SACK, duplicate ACK", "hole"),
    _term(
        "gateway",
        "The router to which a host gives what is not for its own network.",
        "RFC 1122 §3.3.1", "router, route"),
    _term(
        "half-close",
        "One end has said FIN, and still listens to the other.",
        "RFC 9293 §3.6", "FIN, CLOSE-WAIT"),
    _term(
        "handshake",
        "SYN, SYN and ACK, ACK: both ends tell where they begin to count, and confirm it.",
        "RFC 9293 §3.5", "SYN, ISN, ACK", "three-way handshake"),
    _term(
        "header",
        "The first bytes of a frame, packet or segment: for whom it is, how long, and what follows.",
        "", "layer, payload"),
    _term(
        "HTTP",
        "HyperText Transfer Protocol: a request and a response, as lines of text, over TCP.",
        "RFC 9112", "CRLF, status code"),
    _term(
        "ICMP",
        "Internet Control Message Protocol: echoes, and reports of packets that could not be delivered.",
        "RFC 792", "ping, TTL, path MTU"),
    _term(
        "IGMP",
        "Internet Group Management Protocol: a host tells which multicast groups it listens to.",
        "RFC 2236", "multicast"),
    _term(
        "initial window",
        "How much may be sent in the first round trip: ten segments.",
        "RFC 6928", "congestion window, slow start", "IW"),
    _term(
        "interface",
        "Where a host is connected to a link; it has addresses.",
        "", "address, link"),
    _term(
        "IP",
        "Internet Protocol: carries packets from host to host, without promising that they arrive.",
        "RFC 791", "packet, router, TTL", "IPv4"),
    _term(
        "ISN",
        "Initial sequence number: where an end begins to count. Random, so that nobody can guess it.",
        "RFC 6528", "sequence number, handshake", "initial sequence number"),
    _term(
        "jitter",
        "How much the delay varies.",
        "RFC 3550 §6.4.1", "latency, round trip"),
    _term(
        "keep-alive",
        "Probes on an idle connection: is the other end still there?",
        "RFC 9293 §3.8.4", "timer"),
    _term(
        "Karn's algorithm",
        "A round trip of something that was sent twice is not measured: which one was answered?",
        "RFC 6298 §3", "round trip, RTO"),
    _term(
        "knob",
        "A switch of this stack: `knob list`.",
        "", "drop"),
    _term(
        "latency",
        "How long it takes from one end to the other.",
        "", "round trip, jitter", "delay"),
    _term(
        "layer",
        "Frames carry packets, packets carry segments, segments carry data: each has its own header and "
        "job.",
        "RFC 1122 §1.1.3", "header, frame, packet, segment"),
    _term(
        "lease",
        "An address for some time; it has to be renewed.",
        "RFC 2131 §4.4.5", "DHCP"),
    _term(
        "link",
        "What connects two interfaces. It loses, delays and reorders: `link show`.",
        "", "interface, loss, MTU"),
    _term(
        "listener",
        "A socket that waits for connections to its port.",
        "RFC 9293 §3.10.1", "backlog, port, server"),
    _term(
        "loss",
        "A packet that never arrives. The network does not say so.",
        "", "retransmission, drop"),
    _term(
        "loopback",
        "The network inside one host, 127.0.0.0/8.",
        "RFC 1122 §3.2.1.3", "interface"),
    _term(
        "MAC address",
        "The six bytes that name an interface on its link.",
        "RFC 894", "ARP, Ethernet, address", "hardware address, MAC"),
    _term(
        "MSL",
        "Maximum segment lifetime: how long a segment may wander about. TIME-WAIT lasts twice as long.",
        "RFC 9293 §3.4.1", "TIME-WAIT"),
    _term(
        "MSS",
        "Maximum segment size: how many bytes of data fit in a segment; each end says its own in its SYN.",
        "RFC 9293 §3.7.1", "MTU, segment, SYN"),
    _term(
        "MTU",
        "Maximum transmission unit: the largest packet that a link carries, 1500 bytes on Ethernet.",
        "RFC 1191", "path MTU, fragment, MSS"),
    _term(
        "multicast",
        "One packet to all who have joined a group, 224.0.0.0 to 239.255.255.255.",
        "RFC 1112", "broadcast, IGMP"),
    _term(
        "Nagle's algorithm",
        "A small segment waits while earlier data is not acknowledged: several writes become one.",
        "RFC 9293 §3.7.4", "delayed ACK, segment", "Nagle"),
    _term(
        "NAT",
        "Network address translation: a router puts its own address in the place of others.",
        "RFC 3022", "router, port"),
    _term(
        "neighbour",
        "Another host on the same link, and its hardware address.",
        "RFC 1122 §2.3.2", "ARP"),
    _term(
        "out of order",
        "A segment that arrives before one that was sent earlier.",
        "RFC 9293 §3.10.7.4", "gap, SACK, duplicate ACK", "reordering"),
    _term(
        "packet",
        "What IP carries: its header, and data.",
        "RFC 791", "frame, segment, datagram"),
    _term(
        "path MTU",
        "The smallest MTU on the way; found by sending with DF set.",
        "RFC 1191", "MTU, DF, ICMP", "PMTU"),
    _term(
        "payload",
        "What comes after the header.",
        "", "header"),
    _term(
        "persist timer",
        "Asks again and again whether a window of zero has opened.",
        "RFC 9293 §3.8.6.1", "zero window, timer", "zero-window probe, probe"),
    _term(
        "ping",
        "An echo request, and the reply: is somebody there, and how far away?",
        "RFC 792", "ICMP, echo request"),
    _term(
        "polling",
        "Asking again and again whether there is something, instead of being woken.",
        "", "latency", "busy polling, spin"),
    _term(
        "port",
        "The number that names an application's socket at a host.",
        "RFC 9293 §3.1", "four-tuple, listener"),
    _term(
        "prefix",
        "How many leading bits of an address name the network.",
        "RFC 4632", "CIDR, subnet"),
    _term(
        "PSH",
        "The flag that says: hand this over now, nothing more follows for the moment.",
        "RFC 9293 §3.9.1.2", "flags", "push"),
    _term(
        "queue",
        "Packets that wait for a link. A full one drops.",
        "RFC 7567", "bufferbloat, congestion"),
    _term(
        "RACK-TLP",
        "Finding losses by time: a segment is lost if a later one was acknowledged long enough ago.",
        "RFC 8985", "fast retransmit, SACK", "RACK, TLP"),
    _term(
        "reassembly",
        "Putting fragments together; one that misses spoils all.",
        "RFC 815", "fragment"),
    _term(
        "receive window",
        "How many more bytes the receiver has room for; each segment says it.",
        "RFC 9293 §3.8.6", "window, flow control, window scale", "rwnd"),
    _term(
        "Reno",
        "The classic congestion control: one segment more in a round trip, half after a loss.",
        "RFC 5681", "AIMD, CUBIC, congestion control", "NewReno"),
    _term(
        "AIMD",
        "Additive increase, multiplicative decrease: the saw that a congestion window draws.",
        "RFC 5681 §3.1", "Reno, congestion avoidance", "sawtooth"),
    _term(
        "resolver",
        "Asks name servers for a program, and remembers the answers.",
        "RFC 1034 §5", "DNS, cache"),
    _term(
        "retransmission",
        "Sending the same bytes again, because nobody has confirmed them. Only the ends do it.",
        "RFC 6298", "RTO, fast retransmit, loss"),
    _term(
        "round trip",
        "The time from sending something until its acknowledgement.",
        "RFC 6298 §2", "RTO, latency", "RTT, round-trip time"),
    _term(
        "route",
        "Which interface and which gateway lead to a network.",
        "RFC 1122 §3.3.1", "gateway, router"),
    _term(
        "router",
        "A host that passes packets on from one network to another.",
        "RFC 1812", "gateway, TTL"),
    _term(
        "RST",
        "Reset: there is no such connection, or it ends at once. Nothing is acknowledged.",
        "RFC 9293 §3.5.2", "FIN, connection", "reset"),
    _term(
        "RTO",
        "Retransmission time-out: how long to wait for an acknowledgement, from measured round trips.",
        "RFC 6298", "round trip, exponential backoff", "retransmission time-out"),
    _term(
        "SACK",
        "Selective acknowledgement: which bytes after a gap have arrived.",
        "RFC 2018", "cumulative ACK, D-SACK, gap", "selective acknowledgement"),
    _term(
        "segment",
        "What TCP gives to IP: a header, and some bytes of the stream.",
        "RFC 9293 §3.1", "MSS, byte stream"),
    _term(
        "sequence number",
        "The place of a byte in the stream; SYN and FIN count as one each.",
        "RFC 9293 §3.4", "ISN, ACK"),
    _term(
        "server",
        "The end that waits to be asked.",
        "", "client, listener"),
    _term(
        "shard",
        "One of several workers, each with its own part of all connections.",
        "", "four-tuple", "sharding"),
    _term(
        "simultaneous open",
        "Both ends send a SYN at once; one connection comes of it.",
        "RFC 9293 §3.5", "handshake"),
    _term(
        "slow start",
        "The window doubles in each round trip, until a loss or ssthresh.",
        "RFC 5681 §3.1", "congestion window, ssthresh, initial window"),
    _term(
        "socket",
        "What an application holds of a connection or port.",
        "RFC 9293 §3.3.1", "port, connection"),
    _term(
        "spoofing",
        "Writing somebody else's address into a packet's source.",
        "RFC 2827", "SYN flood, ISN"),
    _term(
        "ssthresh",
        "The window at which slow start ends.",
        "RFC 5681 §3.1", "slow start, congestion avoidance", "slow-start threshold"),
    _term(
        "state",
        "What an end of a connection has seen so far: LISTEN, SYN-SENT, ESTABLISHED, … CLOSED.",
        "RFC 9293 §3.3.2", "ESTABLISHED, CLOSE-WAIT, TIME-WAIT"),
    _term(
        "status code",
        "Three digits with which an HTTP response begins: 200 is well, 404 is not found.",
        "RFC 9110 §15", "HTTP"),
    _term(
        "subnet",
        "The addresses that are reached without a router.",
        "RFC 950", "prefix, gateway"),
    _term(
        "SYN",
        "The flag that opens a connection, and tells the initial sequence number.",
        "RFC 9293 §3.5", "handshake, ISN"),
    _term(
        "SYN cookie",
        "A listener's sequence number that holds all it must remember, so that a full backlog does no harm.",
        "RFC 4987 §3.6", "SYN flood, backlog", "cookie"),
    _term(
        "SYN flood",
        "Many SYNs and never an ACK: they fill the backlog.",
        "RFC 4987", "SYN cookie, backlog, spoofing"),
    _term(
        "TAP",
        "A network device whose other end is a program: frames as bytes.",
        "", "frame, interface"),
    _term(
        "TCP",
        "Transmission Control Protocol: a reliable stream of bytes in both directions.",
        "RFC 9293", "UDP, byte stream, handshake"),
    _term(
        "throughput",
        "How many bytes arrive in a second.",
        "", "bandwidth-delay product, congestion window", "goodput"),
    _term(
        "TIME-WAIT",
        "The end that closed first waits twice the segment lifetime, for stragglers.",
        "RFC 9293 §3.6.1", "MSL, FIN"),
    _term(
        "timer",
        "What happens unless something else happens first: `tcp conn N` shows those that run.",
        "", "RTO, persist timer"),
    _term(
        "timestamps",
        "An option with the sender's clock, returned by the peer: measures round trips, and tells old "
        "segments.",
        "RFC 7323 §3", "round trip", "timestamp"),
    _term(
        "TTL",
        "Time to live: each router takes one away, and at zero the packet is discarded. In DNS: how long an "
        "answer is good.",
        "RFC 791 §3.2", "router, traceroute", "time to live"),
    _term(
        "traceroute",
        "Packets with a TTL of 1, 2, 3 …: each router on the way reports itself.",
        "RFC 1812 §5.3.1", "TTL, ICMP"),
    _term(
        "UDP",
        "User Datagram Protocol: ports and a checksum on top of IP, and nothing else.",
        "RFC 768", "datagram, TCP"),
    _term(
        "window",
        "How many bytes may be in flight: the smaller one of the peer's window and the congestion window.",
        "RFC 9293 §3.8.6", "receive window, congestion window, window scale"),
    _term(
        "window scale",
        "An option that multiplies windows, since 16 bits are too few for fast paths.",
        "RFC 7323 §2", "window, bandwidth-delay product"),
    _term(
        "zero window",
        "The receiver has no room at all: wait, and probe.",
        "RFC 9293 §3.8.6.1", "persist timer, flow control"),
)


def index() -> dict[str, Term]:
    """Return the entries by every name they have, in small letters."""
    found = {term.name.casefold(): term for term in TERMS}
    for term in TERMS:
        for name in term.also:
            found.setdefault(name.casefold(), term)
    return found
