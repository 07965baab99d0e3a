"""ping: echo requests at an interval, and what came back."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING

from aether.timers import NEVER, Sleeper
from aether.wire import icmp
from aether.wire.address import show_ip

if TYPE_CHECKING:
    from aether.stack import Stack
    from aether.wire.icmp import IcmpMessage

WAIT = 1_000_000
"""How long the last request is waited for, in microseconds."""


@dataclass(slots=True)
class PingReply:
    """One answer: `rtt` in microseconds, -1 and an `error` if it was one."""

    sequence: int
    source: str
    ttl: int
    rtt: int
    size: int
    error: str = ""
    duplicate: bool = False


@dataclass(slots=True)
class PingProgress:
    """How far a ping is; times in microseconds."""

    destination: str
    size: int
    sent: int
    received: int
    duplicates: int
    errors: int
    done: bool
    elapsed: int
    replies: list[PingReply]
    lost: float
    """The share of requests that nobody answered, 0.0 to 1.0; the last one counts once it has been waited for."""
    min: int
    average: int
    max: int
    mdev: int
    """The standard deviation of the round trips, as `ping` calls it."""


class Ping(Sleeper):
    """Sends `count` echo requests, one every `interval` microseconds; a job of the user."""

    __slots__ = (
        "count",
        "destination",
        "done",
        "dont_fragment",
        "finished_at",
        "host",
        "identifier",
        "interval",
        "payload",
        "replies",
        "sent_at",
        "started_at",
        "tos",
        "ttl",
    )

    def __init__(
        self, host: Stack, destination: bytes, identifier: int, count: int, size: int, interval: int, ttl: int = 0, *,
        tos: int = 0, dont_fragment: bool = False, pattern: bytes = b"",
    ) -> None:
        """`pattern` is repeated over `size` bytes; without one they count from 0."""
        super().__init__()
        self.host = host
        self.destination = destination
        self.identifier = identifier
        self.count = count
        pattern = pattern or bytes(range(256))
        self.payload = (pattern * (size // len(pattern) + 1))[:size]
        self.interval = interval
        self.ttl = ttl
        self.tos = tos
        self.dont_fragment = dont_fragment
        self.sent_at: dict[int, int] = {}
        self.replies: list[PingReply] = []
        self.started_at = self.finished_at = host.now
        self.done = False

    def start(self) -> None:
        """Send the first request."""
        self.host.icmp.listeners[self.identifier] = self
        self._send()

    def _send(self) -> None:
        sequence = len(self.sent_at) + 1
        now = self.host.now
        self.sent_at[sequence] = now
        if not self.host.icmp.send_echo(
            self.destination, self.identifier, sequence & 0xFFFF, self.payload, self.ttl, tos=self.tos,
            dont_fragment=self.dont_fragment,
        ):
            self._note(sequence, show_ip(self.host.address), 0, -1, self._obstacle())
        last = len(self.sent_at) >= self.count
        self.host.queue.wake(self, now + (max(WAIT, self.interval) if last else self.interval))

    def _obstacle(self) -> str:
        """Say why a request could not be sent."""
        ipv4 = self.host.ipv4
        if ipv4.source_for(self.destination) is None:
            return "no route"
        return f"message too long: the path takes packets of {ipv4.mtu_for(self.destination)} bytes"

    def wake(self, now: int) -> None:
        """Send the next request, or stop waiting for the last."""
        self.host.now = now
        if len(self.sent_at) < self.count:
            self._send()
        else:
            self.cancel()

    def replied(self, source: bytes, message: IcmpMessage, ttl: int) -> bool:
        """Take an echo reply."""
        sequence = self._whole(message.sequence)
        if sequence not in self.sent_at or message.payload != self.payload:
            return False
        rtt = self.host.now - self.sent_at[sequence]
        self._note(sequence, show_ip(source), ttl, rtt, "")
        if self.host.observer is not None:
            self.host.observer(self.host.name, "icmp.reply", source, self.identifier, sequence, rtt)
        self._finish_if_complete()
        return True

    def failed(self, kind: int, code: int, sequence: int, reporter: bytes) -> None:
        """Take an ICMP error about a request."""
        what = icmp.NAMES.get((kind, code)) or f"ICMP type {kind} code {code}"
        if (kind, code) == (icmp.DESTINATION_UNREACHABLE, icmp.FRAGMENTATION_NEEDED):
            what += f" (the path takes packets of {self.host.ipv4.mtu_for(self.destination)} bytes)"
        self._note(self._whole(sequence), show_ip(reporter), 0, -1, f"{show_ip(reporter)} says: {what}")
        self._finish_if_complete()

    def _whole(self, sequence: int) -> int:
        """Return the number of the request whose lower 16 bits came back."""
        newest = len(self.sent_at)
        return newest - (newest - sequence & 0xFFFF)

    def _note(self, sequence: int, source: str, ttl: int, rtt: int, error: str) -> None:
        duplicate = any(reply.sequence == sequence and reply.rtt >= 0 for reply in self.replies)
        self.replies.append(PingReply(sequence, source, ttl, rtt, len(self.payload) + 8, error, duplicate))

    def _finish_if_complete(self) -> None:
        answered = {reply.sequence for reply in self.replies}
        if len(self.sent_at) >= self.count and len(answered) >= self.count:
            self.cancel()

    def cancel(self) -> None:
        """Stop."""
        if not self.done:
            self.done = True
            self.finished_at = self.host.now
            self.host.icmp.listeners.pop(self.identifier, None)
            self.host.queue.wake(self, NEVER)

    def since(self, shown: int) -> list[PingReply]:
        """Return what came back after the first `shown` answers."""
        return self.replies[shown:]

    def report(self) -> PingProgress:
        """Return what came back so far."""
        good = [reply for reply in self.replies if reply.rtt >= 0]
        end = self.finished_at if self.done else self.host.now
        times = [reply.rtt for reply in good]
        average = sum(times) / len(times) if times else 0
        variance = sum(time * time for time in times) / len(times) - average * average if times else 0
        received = sum(not reply.duplicate for reply in good)
        due = len(self.sent_at) if self.done else max(len(self.sent_at) - 1, received)
        return PingProgress(
            show_ip(self.destination), len(self.payload), len(self.sent_at), received, len(good) - received,
            len(self.replies) - len(good), self.done, end - self.started_at, list(self.replies),
            (due - received) / due if due else 0.0, min(times, default=0), round(average), max(times, default=0),
            isqrt(max(round(variance), 0)),
        )
