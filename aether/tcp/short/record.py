"""A connection in few words: one that was opened by a peer, asks for small pages, and meets no trouble.

What is predictable about it need not be written down: a `ShortConnection` holds the numbers that differ from one such
connection to the next. `promote` makes the whole `Connection` of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Protocol

from mypy_extensions import mypyc_attr

from aether.tcp import decisions
from aether.tcp.states import ESTABLISHED, FIN_WAIT_2, SYN_RECEIVED, TIME_WAIT
from aether.tcp.timers import FIN_TIMEOUT

if TYPE_CHECKING:
    from aether.knobs import Knobs
    from aether.net.neighbours import Neighbour
    from aether.socket_options import SocketOptions
    from aether.tcp.connection import Connection
    from aether.tcp.listener import Listener
    from aether.tcp.short.responder import Responder

WINDOW = 0xFFFF
"""What a SYN,ACK offers, in bytes."""


class Keeper(Protocol):
    """Who keeps short connections, and makes whole ones of them."""

    def promote(self, key: bytes) -> Connection | None:
        """Make a connection whole, if there is one by that name here."""

    def rested(self, short: ShortConnection, now: int) -> bool:
        """End a connection in TIME-WAIT whose timer has fired; False if it has to be whole for that."""


@mypyc_attr(serializable=True, allow_interpreted_subclasses=True)
class ShortConnection:
    """Numbers as in `Connection`, times in microseconds. Some exist only from a state on: the methods say which."""

    __slots__ = (
        "addresses", "busy", "busy_from", "due", "flip", "hop", "irs", "iss", "key", "key_sum", "listener", "minimum",
        "mss", "number", "opened", "options", "queued_at", "queued_order", "rack", "rack_at", "rcv_adv", "rcv_mss",
        "rcv_nxt", "received_at", "requests", "response", "rttvar", "sent_at", "since", "snd_nxt", "snd_una", "srtt",
        "stamp", "state", "syn_window", "taken", "taken_since", "ts_offset", "wake_at", "wake_order", "window",
        "window_max", "wl1", "wscale",
    )
    HASHED_AS: ClassVar[str] = "Lean"
    queued_at: int
    """These four in trace mode only, as in `Sleeper`."""
    queued_order: int
    wake_at: int
    wake_order: int
    due: int
    """When to look at it again."""
    minimum: int
    rack: int
    """The latest round trip of a response, which was sent at `rack_at`."""
    rack_at: int
    rcv_mss: int
    requests: int
    response: bytes
    """What is not acknowledged yet."""
    rttvar: int
    sent_at: int
    since: int
    """When the wait for the next request began."""
    snd_una: int
    srtt: int
    taken: int
    taken_since: int
    busy: int
    """How long responses were under way, without those since `busy_from`, which is -1 when none is."""
    busy_from: int
    window: int
    window_max: int
    wl1: int

    def __init__(
        self, key: bytes, number: int, now: int, listener: Listener, options: SocketOptions, hop: Neighbour, irs: int,
        iss: int, ts_offset: int, stamp: int, mss: int, wscale: int, window: int, addresses: int,
    ) -> None:
        self.key = key
        self.number = number
        self.state = SYN_RECEIVED
        self.opened = self.received_at = now
        self.listener = listener
        self.options = options
        """Those that the listener had when the SYN came."""
        self.hop = hop
        """The neighbour that its frames go to."""
        self.irs = irs
        self.iss = iss
        self.ts_offset = ts_offset
        self.stamp = stamp
        """The peer's latest timestamp (TS.Recent), taken at `received_at`."""
        self.mss = mss
        """What the peer's SYN says."""
        self.wscale = wscale
        self.syn_window = window
        self.rcv_nxt = irs + 1
        self.rcv_adv = irs + 1 + WINDOW
        self.snd_nxt = iss + 1
        self.flip = key[4:8] + key[:4] + key[10:] + key[8:10]
        """The addresses and ports as they stand in what we send."""
        self.addresses = addresses
        self.key_sum = int.from_bytes(key, "big") % 65535
        """What the addresses alone, and with the ports, add to a checksum."""

    def __lt__(self, other: object) -> bool:
        return False

    def wake(self, now: int) -> None:
        """Handle the timer that is due, in trace mode: the rest is over, or there is trouble, which takes it whole."""
        fast: Keeper = self.listener.layer.fast
        if self.state == TIME_WAIT and fast.rested(self, now):
            return
        conn = fast.promote(self.key)
        assert conn is not None
        conn.wake(now)

    def establish(self, now: int, window: int) -> None:
        """The handshake is done."""
        self.state = ESTABLISHED
        self.since = now
        self.minimum = sample = (now - self.opened) or 1
        self.srtt, self.rttvar = decisions.smoothed(0, 0, sample)
        self.snd_una = self.snd_nxt
        self.window = self.window_max = window
        self.requests = 0

    def take(self, request: bytes, now: int) -> None:
        """A request has arrived, and the application has taken it."""
        count = len(request)
        self.wl1 = self.rcv_nxt
        self.rcv_nxt += count
        if self.requests:
            self.requests += 1
            self.taken += count
            if count > self.rcv_mss:
                self.rcv_mss = count
        else:
            self.requests = 1
            self.busy = 0
            self.busy_from = -1
            self.taken = self.rcv_mss = count
            self.taken_since = self.opened
        if self.busy_from < 0:
            self.busy_from = now
        if now - self.taken_since >= self.srtt:
            self.taken, self.taken_since = 0, now

    def see_window(self, window: int) -> None:
        """Take the peer's window, in bytes."""
        self.window = window
        if window > self.window_max:
            self.window_max = window

    def measured(self, sample: int) -> None:
        """Take a round trip, as `RoundTrip.sample` does."""
        sample = sample or 1
        self.srtt, self.rttvar = decisions.smoothed(self.srtt, self.rttvar, sample)
        if sample < self.minimum:
            self.minimum = sample

    def advertise(self, limit: int, mss: int, scale: int) -> int:
        """Return the window to offer as it goes on the wire, and remember its right edge."""
        window = decisions.offered_window(self.rcv_nxt, self.rcv_adv, limit, 0, mss, scale)
        edge = self.rcv_nxt + (window << scale)
        if edge > self.rcv_adv:
            self.rcv_adv = edge
        return window


def deadline_of(short: ShortConnection, knobs: Knobs) -> int:
    """Return when the state that a connection is in has lasted for too long: of one in flight, at the soonest."""
    state = short.state
    if state == TIME_WAIT:
        return short.received_at + knobs.tcp_time_wait
    if state == SYN_RECEIVED:
        return short.opened + decisions.backed_off(knobs.tcp_rto_initial, 0, knobs.tcp_rto_max)
    if state == FIN_WAIT_2:
        return short.received_at + FIN_TIMEOUT
    if short.snd_una < short.snd_nxt:
        return short.sent_at + knobs.tcp_rto_min
    app: Responder = short.listener.socket.app  # type: ignore[assignment]  # `path` has seen to it
    return short.since + app.request_within
