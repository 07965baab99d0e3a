"""Every counter of a host, declared once, as what it discards (`aether.events.DROPS`) and its knobs are.

`Surroundings.count` adds to one by its name. Where each frame would feel the call, it is added by hand, under the same
names (`aether.tcp.arrival`).
"""

from typing import NamedTuple


class Counter(NamedTuple):
    """What is counted: one line for a person, and the clause that speaks of it."""

    help: str
    rfc: str = ""


COUNTERS: dict[str, Counter] = {
    "ipv4.received": Counter("packets for us, put together where they came in fragments", "RFC 791 §3.2"),
    "ipv4.fragments_received": Counter("fragments that came", "RFC 791 §3.2"),
    "ipv4.fragment_duplicates": Counter("fragments that came twice, and added nothing", "RFC 791 §3.2"),
    "ipv4.reassembled": Counter("packets that were put together from fragments", "RFC 791 §3.2"),
    "ipv4.fragments_sent": Counter("fragments that packets of ours were cut into", "RFC 791 §3.2"),
    "icmp.rate_limited": Counter("errors that were not sent, so as not to send too many", "RFC 1812 §4.3.2.8"),
    "igmp.queries_received": Counter("questions of a router about groups", "RFC 2236 §3"),
    "igmp.reports_received": Counter("reports of others that they are in a group", "RFC 2236 §3"),
    "udp.received": Counter("datagrams that a socket took", "RFC 768"),
    "udp.sent": Counter("datagrams that were sent", "RFC 768"),
    "udp.soft_errors": Counter("ICMP errors about a datagram that no socket is told of", "RFC 1122 §4.1.3.3"),
    "udp.echo_failed": Counter("datagrams that could not be sent back", "RFC 862"),
    "udp.answer_failed": Counter("answers of a small service that could not be sent"),
    "tcp.received": Counter("segments with a right checksum", "RFC 9293 §3.10.7"),
    "tcp.sent": Counter("segments that were sent, those among them that were sent again", "RFC 9293 §3.8"),
    "tcp.retransmitted": Counter("segments that were sent again", "RFC 6298 §5"),
    "tcp.resets_sent": Counter("resets that were sent", "RFC 9293 §3.5.2"),
    "tcp.challenge_acks": Counter("ACKs in answer to a reset or a SYN that may be forged", "RFC 5961 §3, §4"),
    "tcp.acks_held": Counter("ACKs that were held back, so as not to answer too often", "RFC 5961 §7"),
    "tcp.cookies_sent": Counter("SYNs that were answered with a cookie, and forgotten", "RFC 4987 §3.6"),
    "tcp.cookies_accepted": Counter("cookies that came back, and became connections", "RFC 4987 §3.6"),
    "tcp.fastopen_asked": Counter("questions for a cookie that lets data go with the SYN", "RFC 7413 §4.2.1"),
    "tcp.fastopen_taken": Counter("SYNs whose data was given to the application at once", "RFC 7413 §4.2.2"),
    "tcp.fastopen_bad_cookies": Counter("SYNs with a cookie that is not ours, or too old", "RFC 7413 §4.1.2"),
    "tcp.fastopen_overflows": Counter("SYNs with data that found too many such handshakes pending", "RFC 7413 §5.1"),
    "tcp.fastopen_opened": Counter("SYNs of ours whose data was taken", "RFC 7413 §4.2.2"),
    "tcp.fastopen_not_taken": Counter("SYNs of ours whose data had to be sent again", "RFC 7413 §4.2.2"),
    "tcp.fastopen_failures": Counter("times that data in a SYN did not work on a path", "RFC 7413 §4.1.3.1"),
    "tcp.fastopen_avoided": Counter("SYNs that went without, as it had failed on their path", "RFC 7413 §4.1.3.1"),
    "tcp.dsack_received": Counter("reports of the peer that something came twice", "RFC 2883"),
    "tcp.reneged": Counter("times that a peer let go of what it had SACKed", "RFC 2018 §8"),
    "tcp.undone": Counter("reductions of the window that were for nothing, and undone", "RFC 5682 §3.4, RFC 4015"),
    "tcp.malformed_options": Counter("segments with an option that is wrong, and passed over", "RFC 9293 §3.1"),
    "tcp.window_probes": Counter("probes of a window that was closed", "RFC 9293 §3.8.6.1"),
    "tcp.keepalives": Counter("questions whether an idle peer is there still", "RFC 9293 §3.8.4"),
    "tcp.soft_errors": Counter("ICMP errors about a connection that may pass, and end nothing", "RFC 5927 §4"),
    "dhcp.sent": Counter("messages of the DHCP client", "RFC 2131 §4.4"),
    "dhcp.bound": Counter("leases that the DHCP client took, those that were prolonged among them", "RFC 2131 §4.4"),
    "dhcp.served": Counter("answers of the DHCP server", "RFC 2131 §4.3"),
    "dhcp.answers_failed": Counter("answers of the DHCP server that could not be sent", "RFC 2131 §4.3"),
    "dns.served": Counter("answers of the name server", "RFC 1035 §6"),
    "dns.answers_failed": Counter("answers of the name server that could not be sent", "RFC 1035 §6"),
    "dns.timeouts": Counter("questions that a name server did not answer in time", "RFC 1035 §7.2"),
    "http.bad_path": Counter("requests for what is no path, or leads out of the site"),
}
