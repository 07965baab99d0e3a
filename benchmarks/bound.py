"""The bound: what CPython and the kernel's TAP allow, with no TCP in between.

    python -m benchmarks.bound TAP [SPINS]

Answers a SYN, a request, a FIN and an echo request from what is in the frame itself, with frames made beforehand: it
keeps no connections, validates nothing, retransmits nothing. No complete stack in Python can be faster, so others are
measured as shares of it. It answers with the same page, to the byte. It opens a TAP of its own, and nothing else.
"""

from __future__ import annotations

import gc
import io
import select
import struct
import sys

from aether.apps.http import PAGE, HttpServer
from aether.apps.http_site import HTML
from aether.lab import HOST_ADDRESS, PREFIX, YOU, YOUR_ADDRESS, YOUR_MAC, tapped
from aether.link.tap import IFF_NO_PI, IFF_TAP, attached
from aether.wire import arp, ethernet, icmp, ipv4, tcp
from aether.wire.address import parse_ip
from shell.lab.network import configure

US = parse_ip(YOUR_ADDRESS)
US_AS_NUMBER = int.from_bytes(US, "big")
WINDOW = 64_240
SPINS = 200
"""Fruitless looks at the device before sleeping."""
ARRIVED = struct.Struct(">H8xI4xH2xII").unpack_from
"""From byte 16 of a frame: the packet's length, source address and port, sequence and acknowledgement number."""
CHANGED = struct.Struct(">HIIHHIIHHH").pack_into
"""From byte 24 of a frame: everything from the IPv4 checksum to TCP's, the constants among it written again."""
LONGEST_ACK = 66
"""Bytes of a frame with nothing but an acknowledgement in it, timestamps included."""


class Answer:
    """A frame that is complete but for the numbers that differ from one to the next."""

    def __init__(self, flags: int, options: bytes = b"", payload: bytes = b"") -> None:
        segment = tcp.build(US, bytes(4), 80, 0, 0, 0, flags, WINDOW, options, payload)
        packet = ipv4.build(US, bytes(4), ipv4.PROTO_TCP, segment)
        self.frame = bytearray(ethernet.build(bytes(6), YOUR_MAC, ethernet.TYPE_IPV4, packet))
        self.ip_sum = 65535 - int.from_bytes(packet[10:12], "big")
        """What the checksum of the header adds up so far, and that of the segment."""
        self.tcp_sum = 65535 - int.from_bytes(segment[16:18], "big")
        self.offset_and_flags = int.from_bytes(segment[12:14], "big")


def respond(descriptor: int, spins: int) -> None:
    """Answer whatever arrives, until the process is ended."""
    page = HttpServer(tapped().hosts[YOU]).head(200, False, len(PAGE), HTML) + PAGE
    syn_ack = Answer(tcp.SYN | tcp.ACK, tcp.build_options(mss=1460))
    response = Answer(tcp.PSH | tcp.FIN | tcp.ACK, payload=page)
    last_ack = Answer(tcp.ACK)
    file = io.FileIO(descriptor, "r+", closefd=False)
    read, write = file.readinto, file.write
    poll = select.epoll()
    poll.register(descriptor, select.EPOLLIN)
    frame = bytearray(2048)
    idle = 0
    while True:
        length = read(frame)
        if length is None:
            idle += 1
            if idle > spins:
                poll.poll()
            continue
        idle = 0
        if frame[23] != ipv4.PROTO_TCP or frame[12] != 8 or frame[13]:
            if frame[12] == 8 and not frame[13] and frame[34] == icmp.ECHO_REQUEST:
                echo(frame)
                write(memoryview(frame)[:length])
            elif frame[12:14] == b"\x08\x06" and (reply := who_has(bytes(frame[:length]))):
                write(reply)
            continue
        flags = frame[47]
        if flags == tcp.ACK and length <= LONGEST_ACK:
            continue
        total, peer, port, sequence, acknowledgement = ARRIVED(frame, 16)
        payload = total - 20 - (frame[46] >> 4) * 4
        if flags & tcp.SYN:
            answer, sequence, acknowledgement = syn_ack, sequence + 1, 1
        elif payload:
            answer, sequence = response, sequence + payload
        elif flags & tcp.FIN:
            answer, sequence = last_ack, sequence + 1
        else:
            continue
        sequence &= 0xFFFFFFFF
        out = answer.frame
        out[:6] = frame[6:12]
        ip_checksum = 65535 - (answer.ip_sum + peer) % 65535
        tcp_checksum = 65535 - (answer.tcp_sum + peer + port + acknowledgement + sequence) % 65535
        CHANGED(
            out, 24, ip_checksum, US_AS_NUMBER, peer, 80, port, acknowledgement, sequence, answer.offset_and_flags,
            WINDOW, tcp_checksum)
        write(out)


def echo(frame: bytearray) -> None:
    """Make an echo reply of an echo request: addresses change places, and the type becomes 0."""
    frame[:6], frame[6:12] = frame[6:12], frame[:6]
    frame[26:30], frame[30:34] = frame[30:34], frame[26:30]
    frame[34] = icmp.ECHO_REPLY
    checksum = 65535 - ((65535 - int.from_bytes(frame[36:38], "big")) - (icmp.ECHO_REQUEST << 8)) % 65535
    frame[36:38] = checksum.to_bytes(2, "big")


def who_has(frame: bytes) -> bytes:
    """Return the answer to a question for our address, empty if it is another."""
    asked = arp.parse(frame[ethernet.HEADER_LENGTH:])
    if asked.operation != arp.REQUEST or asked.target_ip != US:
        return b""
    reply = arp.ArpPacket(arp.REPLY, YOUR_MAC, US, asked.sender_mac, asked.sender_ip)
    return ethernet.build(asked.sender_mac, YOUR_MAC, ethernet.TYPE_ARP, arp.build(reply))


def main(name: str, spins: int = SPINS) -> None:
    """Open the TAP, give the kernel's end its address, and respond."""
    descriptor = attached(name, IFF_TAP | IFF_NO_PI)
    configure(name, HOST_ADDRESS, PREFIX)
    gc.disable()
    respond(descriptor, spins)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
