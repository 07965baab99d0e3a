"""Attacks by number: many frames, each of which costs the victim more than the attacker."""

from __future__ import annotations

from typing import ClassVar

from aether.attacks.attack import Attack, Plan
from aether.attacks.station import OWN, VictimSegment
from aether.tcp.listener import LEAST_HALF_OPEN
from aether.wire import ethernet, icmp, ipv4, tcp
from aether.wire.address import BROADCAST_MAC, show_ip

PROBE_PORT = 6600
PROBES = 3
"""How often the attacker tries, as an honest client, whether the victim still answers."""
PROBE_EVERY = 300_000


class SynFlood(Attack):
    """Handshakes that are begun and never ended."""

    __slots__ = ("answered", "cookies", "probed")
    NAME = "syn-flood"
    PLAN: ClassVar[Plan] = Plan(count=3000, every=200, lasting=PROBES * PROBE_EVERY, port=80, conn=0, offset=0)
    ABOUT = ("SYNs from addresses that nobody has: each takes a place in the queue of half-open connections, until "
             "there is none for those who mean it.")
    DEFENCE = "SYN cookies: the answer carries all that has to be remembered (tcp.syn_cookies)"
    KNOBS = ("tcp.syn_cookies=off",)
    RFC = "RFC 4987"

    def prepare(self) -> None:
        """Nobody was asked yet."""
        self.answered = False
        self.probed = 0
        self.cookies = self._cookies()

    def _cookies(self) -> int:
        host = self.victim_host()
        return host.counters.get("tcp.cookies_sent", 0) if host is not None else 0

    def move(self, index: int) -> None:
        """One more handshake; in the end, those of an honest client."""
        self.ask(self.spoofed(), 1024 + self.stream.below(60_000), self.plan.port, self.stream.bits(32))

    def wake(self, now: int) -> None:
        """Go on; after the last SYN, ask as an honest client would."""
        over = self.ends_at
        super().wake(now)
        if self.done or self.moves < self.plan.count:
            return
        if self.probed < PROBES and now >= self.ends_at - self.plan.lasting + self.probed * PROBE_EVERY:
            self.probed += 1
            self.ask(self.address(OWN), PROBE_PORT + self.probed, self.plan.port, 7000)
        if over:
            next_probe = self.ends_at - self.plan.lasting + self.probed * PROBE_EVERY
            self.world.queue.wake(self, min(self.ends_at, max(next_probe, now + 1)))

    def heard_segment(self, segment: VictimSegment) -> None:
        """The honest client is answered, or not."""
        header = segment.header
        if self.accepts(segment):
            self.answered = True
            self.segment(segment.destination, header.destination_port, self.plan.port, header.acknowledgement, 0,
                         tcp.RST)

    def judge(self) -> tuple[bool | None, list[str]]:
        """It works if an honest client gets no answer."""
        found = []
        host = self.victim_host()
        listener = host.tcp.listener_for(bytes(4) + self.victim_ip + bytes(2) + self.plan.port.to_bytes(2, "big")) \
            if host is not None else None
        if host is not None and listener is not None:
            room = max(listener.backlog, LEAST_HALF_OPEN)
            found.append(f"{listener.half_open} handshakes are half open, and there is room for {room}")
            if cookies := self._cookies() - self.cookies:
                found.append(f"{cookies:,} SYNs were answered with a cookie, and not remembered")
        if not self.probed:
            return None, found
        found.append(f"an honest client that came afterwards was {'' if self.answered else 'not '}answered")
        return not self.answered, found


class FragmentBomb(Attack):
    """Beginnings of packets whose ends never come."""

    __slots__ = ()
    NAME = "fragment-bomb"
    PLAN: ClassVar[Plan] = Plan(count=8000, every=100, lasting=1000, port=0, conn=0, offset=0)
    ABOUT = "First fragments of packets whose other fragments never come: each waits in memory for 30 seconds."
    DEFENCE = "what unfinished packets may take is bounded; the oldest make room (ipv4.fragment_memory)"
    KNOBS = ("ipv4.fragments=on", "ipv4.fragment_memory=1073741824")
    RFC = "RFC 791 §3.2, RFC 1122 §3.3.2"
    SIZE = 1480
    ENOUGH = 8 << 20

    def move(self, index: int) -> None:
        """One more beginning."""
        self.packet(self.spoofed(), ipv4.PROTO_UDP, bytes(self.SIZE), identification=index & 0xFFFF,
                    dont_fragment=False, more_fragments=True)

    def judge(self) -> tuple[bool | None, list[str]]:
        """It works if the memory that it takes is beyond all measure."""
        host = self.victim_host()
        if host is None:
            return None, []
        memory = host.ipv4.fragments.memory
        return memory > min(self.ENOUGH, self.plan.count * self.SIZE // 2), [
            f"{len(host.ipv4.fragments.packets)} unfinished packets take {memory:,} bytes of memory"]


class Smurf(Attack):
    """Echo requests to everybody, in the name of the one who will get the answers."""

    __slots__ = ("target",)
    NAME = "smurf"
    PLAN: ClassVar[Plan] = Plan(count=20, every=10_000, lasting=50_000, port=0, conn=0, offset=0)
    ABOUT = ("Echo requests to the broadcast address, with the source forged: everybody answers the one in whose name "
             "they came. One frame of the attacker's makes one of each host.")
    DEFENCE = "nobody answers an echo request that was sent to everybody (icmp.broadcast)"
    KNOBS = ("icmp.broadcast=on",)
    RFC = "RFC 1122 §3.2.2.6, RFC 2644"

    def prepare(self) -> None:
        """The answers are to go to the host at the other end."""
        self.target = self.address(1 if self.victim == "you" else 2)

    def move(self, index: int) -> None:
        """One more question to everybody."""
        request = icmp.build(icmp.IcmpMessage(icmp.ECHO_REQUEST, 0, 0x66 << 16 | index & 0xFFFF, bytes(56)))
        packet = ipv4.build(self.target, self.address(255), ipv4.PROTO_ICMP, request)
        self.put(ethernet.build(BROADCAST_MAC, b"\x02\x00\x00\x00\x00\x66", ethernet.TYPE_IPV4, packet))

    def judge(self) -> tuple[bool | None, list[str]]:
        """It works if answers were sent."""
        return self.echoes > 0, [f"{self.echoes} answers went to {show_ip(self.target)}, which had asked nobody"]


class FastOpenFlood(Attack):
    """Requests that come with the SYN, on handshakes that are never ended."""

    __slots__ = ("before", "bytes", "cookie", "served")
    NAME = "fast-open-flood"
    PLAN: ClassVar[Plan] = Plan(count=1000, every=500, lasting=300_000, port=80, conn=0, offset=0)
    ABOUT = ("SYNs with a request in each, and the cookie that their address was once given, sent again and again: the "
             "victim works, and answers with many times as many bytes, whoever is at that address by now.")
    DEFENCE = ("so many handshakes with data may be pending, and those that were reset count for a minute "
               "(tcp.fastopen_queue); cookies age (tcp.fastopen_rotate)")
    KNOBS = ("tcp.fastopen=server", "tcp.fastopen_queue=1048576")
    RFC = "RFC 7413 §5.1, §5.2"
    REQUEST = b"GET / HTTP/1.1\r\nHost: lab\r\n\r\n"

    def prepare(self) -> None:
        """There is no cookie yet."""
        self.cookie = b""
        self.served: dict[int, bool] = {}
        self.bytes = self.before = 0

    def move(self, index: int) -> None:
        """Ask for a cookie first, then use it again and again."""
        if not index:
            self._syn(PROBE_PORT, b"", b"")
        elif self.cookie:
            self.before += 1
            self._syn(PROBE_PORT + index, self.cookie, self.REQUEST)

    def _syn(self, port: int, cookie: bytes, payload: bytes) -> None:
        self.segment(self.address(OWN), port & 0xFFFF, self.plan.port, 7000, 0, tcp.SYN, payload=payload,
                     options=tcp.build_options(mss=1460, fast_open=cookie))

    def heard_segment(self, segment: VictimSegment) -> None:
        """A cookie, or an answer."""
        header = segment.header
        if segment.destination != self.address(OWN):
            return
        if header.destination_port == PROBE_PORT and header.flags & tcp.SYN:
            self.cookie = tcp.parse_options(header.options).fast_open or b""
            self.segment(segment.destination, PROBE_PORT, self.plan.port, header.acknowledgement, 0, tcp.RST)
        elif segment.payload:
            self.served[header.destination_port] = True
            self.bytes += len(segment.payload)

    def judge(self) -> tuple[bool | None, list[str]]:
        """It works if nearly every request is answered."""
        if not self.cookie:
            return False, ["no cookie was given"]
        return len(self.served) > self.plan.count // 2, [
            f"{len(self.served)} of {self.before} requests were answered before a handshake was done, "
            f"with {self.bytes:,} bytes"]
