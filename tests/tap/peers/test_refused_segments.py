"""What a connection does not accept, sent to us and to a Linux kernel: as many ACKs come back; neither is harmed."""

from __future__ import annotations

import json
import sys

import pytest

from tests.tap.harness import OURS, KernelLab
from tests.tap.peers.test_as_linux import LINUX, lab

__all__ = ["lab"]
pytestmark = [pytest.mark.needs("tcpdump", "tshark", "capinfos", "ip")]

FORGER = """
import json, socket, struct, sys, time
A, R, S, P, F = 16, 4, 2, 8, 1
FAR, LITTLE = 1 << 30, 1000
KINDS = {
    # name: flags, seq and ack from the right ones, data, timestamp from the right one (None: no timestamp)
    "old": (A, -300, 0, b"", None), "beyond": (A, 9000000, 0, b"", None), "never sent": (A, 0, 90000, b"", None),
    "old ack": (A, 0, -900000, b"", None), "reset": (R, 300, 0, b"", None), "syn": (S, 0, 0, b"", None),
    "syn, old": (S, -300, 0, b"", None), "syn and ack": (S | A, 300, 0, b"", None),
    "old data": (P | A, -300, 0, b"x", None), "data beyond": (P | A, 9000000, 0, b"x", None),
    "old fin": (F | A, -300, 0, b"", None), "reset outside": (R, -300, 0, b"", None),
    "old timestamp, old": (A, -300, 0, b"", -LITTLE), "old timestamp, data": (P | A, 0, 0, b"x", -LITTLE),
    "old timestamp, syn": (S, 0, 0, b"", -LITTLE),
    "forged, blind": (P | A, -70000, -900000, b"x", FAR), "forged, old": (P | A, -70000, 0, b"x", FAR),
    "forged, never sent": (P | A, 0, 90000, b"x", FAR), "forged, old ack": (P | A, 0, -900000, b"x", FAR),
    "forged, syn": (S, 0, 0, b"", FAR), "forged, beyond": (A, 9000000, 0, b"", FAR),
    "forged, no ack": (P, 0, 0, b"x", FAR),
}
target = sys.argv[1]
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)

def heard(port):
    # what has come from the target for this port
    while True:
        try:
            packet = raw.recv(65536, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        data = packet[20:]
        source, to, seq, ack, bits = struct.unpack_from(">HHIIH", data)
        if packet[12:16] == socket.inet_aton(target) and source == 7 and to == port:
            yield seq, ack, bits & 63, data[20:bits >> 12 << 2], data[bits >> 12 << 2:]

def echoed(conn, text):
    conn.sendall(text)
    got = b""
    while len(got) < len(text) and (more := conn.recv(1000)):
        got += more
    return got == text

def stamps(options):
    while options:
        if options[0] == 8:
            return struct.unpack_from(">II", options, 2)
        options = options[1:] if options[0] == 1 else options[options[1]:]

def forge(conn, flags, seq, ack, data, stamp):
    port = conn.getsockname()[1]
    options = b"" if stamp is None else struct.pack(">HBBII", 0x0101, 8, 10, stamp & 0xFFFFFFFF, 1)
    head = struct.pack(">HHIIHHHH", port, 7, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF if flags & A else 0,
                       (20 + len(options)) // 4 << 12 | flags, 500, 0, 0)
    ends = socket.inet_aton(conn.getsockname()[0]) + socket.inet_aton(target)
    body = head + options + data
    pseudo = ends + struct.pack(">HH", 6, len(body)) + body + bytes(len(body) & 1)
    total = sum(struct.unpack(f">{len(pseudo) // 2}H", pseudo))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    raw.sendto(body[:16] + struct.pack(">H", ~total & 0xFFFF) + body[18:], (target, 0))

found = {}
for name, (flags, seq, ack, data, stamp) in KINDS.items():
    with socket.create_connection((target, 7), timeout=20) as conn:
        port = conn.getsockname()[1]
        assert echoed(conn, b"h" * 100)
        time.sleep(0.1)  # the clock of timestamps goes on, and delayed ACKs leave
        last = [one for one in heard(port) if not one[2] & S]
        number = last[-1][0] + len(last[-1][4]), last[-1][1]
        mine = max(stamps(one[3])[1] for one in last)
        for _ in range(5):
            forge(conn, flags, number[1] + seq, number[0] + ack, data, None if stamp is None else mine + stamp)
            time.sleep(0.002)
        time.sleep(0.1)
        answers = [one[2] for one in heard(port)]
        try:
            alive = echoed(conn, b"alive?")
        except OSError:
            alive = False
        found[name] = sorted(answers), alive
        time.sleep(0.01)
        list(heard(port))
print(json.dumps(found))
"""


NOT_BY_ALL = ("old timestamp, old", "never sent", "forged, never sent")
"""What some versions of Linux do not answer. RFC 7323 §5.3 (R1) asks for an ACK, where new ones take an ACK that is old
in both respects for one that was overtaken; RFC 5961 §5.2 for another, where old ones ignore what was never sent."""


def forged(lab: KernelLab, target: str) -> dict[str, tuple[list[int], bool]]:
    return json.loads(lab.run(sys.executable, "-c", FORGER, target, timeout=150).stdout)  # type: ignore[no-any-return]


def test_what_is_refused_is_answered_as_by_linux(lab: KernelLab) -> None:
    """RFC 9293 §3.10.7.4, RFC 5961 §3-§5 and §7, RFC 7323 §5.3: five of each, within half a second."""
    lab.start()
    lab.capture()
    ours, linux = forged(lab, OURS), forged(lab, LINUX)
    different = {name: (ours[name], linux[name]) for name in linux if ours[name] != linux[name]}
    assert {name: both for name, both in different.items() if name not in NOT_BY_ALL or both[1][0]} == {}
    assert {name: len(ours[name][0]) for name in NOT_BY_ALL} == dict.fromkeys(NOT_BY_ALL, 1)
    assert all(alive for _, alive in ours.values())
    assert [len(answers) for answers, _ in linux.values()].count(1) > 10
    lab.judge()
