"""TCP Fast Open (RFC 7413): data in the SYN, vouched for by a cookie that the server gave out before.

A cookie says that its bearer has received something at its address once; so it is bound to that address (§4.1.2). It is
a keyed hash of both addresses, made as Linux makes it, and the server remembers nothing of it. The key follows from a
secret of the host, and changes from time to time; what the key before made is believed for as long again.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from aether.streams import Stream
from aether.tcp.opening import Opening, Queue
from aether.tcp.siphash import siphash
from aether.wire.tcp import MAX_OPTIONS

if TYPE_CHECKING:
    from aether.knobs import Knobs
    from aether.surroundings import Surroundings
    from aether.tcp.connection import Connection
    from aether.wire.tcp import Options

RESET_COUNTS = 60_000_000
"""How long a handshake that was reset still counts as pending (§5.1), in microseconds, as on Linux."""
DEFAULT_MSS, LARGEST_MSS = 536, 1460
"""Data in a SYN, in bytes: where the server's MSS is not known, and where it is (§4.1.3)."""
DOUBLINGS = 6
"""How often a path is left alone for twice as long as the time before, at the most."""
MOST_SERVERS = 1024
"""Servers that are remembered; the one that was heard of longest ago makes room."""


class Server(NamedTuple):
    """What a client remembers of a server (§4.1.3)."""

    cookie: bytes
    """Empty while there is none."""
    mss: int


class Failure(NamedTuple):
    """A path on which it did not work (§4.1.3.1)."""

    until: int
    """World time in microseconds."""
    times: int
    """In a row."""


class Verdict(NamedTuple):
    """What becomes of a SYN at a listener."""

    take: bool
    """Whether its data is given to the application at once."""
    cookie: bytes | None
    """What the SYN,ACK says; None for nothing."""


class FastOpen:
    """Cookies of one host: how it makes them, and what it was given."""

    __slots__ = ("failures", "host", "secret", "servers")

    def __init__(self, host: Surroundings) -> None:
        self.host = host
        self.secret = b""
        self.servers: dict[bytes, Server] = {}
        """By our address and the server's."""
        self.failures: dict[bytes, Failure] = {}
        """By our address, the server's, and the server's port."""

    def seed(self, seed: int) -> None:
        """Take the randomness for the key."""
        self.secret = Stream(seed, self.host.name, "tcp.fastopen").octets(16)

    # The server's side.

    def keys(self) -> bytes:
        """Return the key of the present, 16 bytes, and that of the time before, if there was one (§4.1.2)."""
        rotate = self.host.knobs.tcp_fastopen_rotate
        period = self.host.now // rotate if rotate else 0
        return self._key(period) + (self._key(period - 1) if period else b"")

    def _key(self, period: int) -> bytes:
        if not period:
            return self.secret
        return blake2b(period.to_bytes(8, "big"), digest_size=16, key=self.secret, person=b"fast open").digest()

    def judge(
        self, queue: Queue, options: Options, length: int, client: bytes, server: bytes, limit: int, keys: bytes,
        cookieless: bool,
    ) -> Verdict:
        """Say what becomes of a SYN with `length` bytes of data, for a listener that takes `limit` at a time (§4.2.2).

        `keys` are 16 bytes, or 32 with those of the time before; empty for the host's.
        """
        host, knobs, cookie = self.host, self.host.knobs, options.fast_open
        if cookie is None and not length:
            return NOTHING
        if knobs.tcp_fastopen not in ("server", "both") or not limit or knobs.tcp_noopt:
            return NOTHING
        if not _room(queue, min(limit, knobs.tcp_fastopen_queue)):
            host.count("tcp.fastopen_overflows")
            self._tell(0, "refused: too many handshakes are pending", cookie or b"", length)
            return NOTHING
        if cookieless or knobs.tcp_fastopen_cookieless in ("server", "both"):
            host.count("tcp.fastopen_taken")
            return Verdict(True, None)
        if cookie is None:
            return NOTHING
        keys = keys or self.keys()
        fresh = siphash(keys[:16], client + server)
        if cookie == fresh:
            host.count("tcp.fastopen_taken")
            return Verdict(True, None)
        if keys[16:] and cookie == siphash(keys[16:], client + server):
            host.count("tcp.fastopen_taken")
            return Verdict(True, fresh)
        if cookie:
            host.count("tcp.fastopen_bad_cookies")
            self._tell(0, "refused: the cookie is not ours, or too old", cookie, length)
        else:
            host.count("tcp.fastopen_asked")
        return Verdict(False, fresh)

    # The client's side.

    def enabled(self) -> bool:
        """Tell whether applications may open so."""
        return self.host.knobs.tcp_fastopen in ("client", "both")

    def ready(self, local: bytes, remote: bytes, port: int, cookieless: bool) -> bool:
        """Tell whether the next SYN to a server could carry data."""
        if self.host.knobs.tcp_noopt or self._resting(local + remote + port.to_bytes(2, "big")):
            return False
        return cookieless or _cookieless(self.host.knobs) or bool(self._server(local, remote).cookie)

    def begin(self, conn: Connection, data: bytes) -> int:
        """Put into the SYN of a connection what is allowed; return how many bytes of `data` it will carry (§4.2.2)."""
        if self.host.knobs.tcp_noopt:
            return 0
        if self._resting(_path(conn)):
            self.host.count("tcp.fastopen_avoided")
            self._tell(conn.number, "not tried: it has failed on this path lately", b"", 0)
            return 0
        server = self._server(conn.local_ip, conn.remote_ip)
        if not server.cookie and not (conn.options.fast_open_no_cookie or _cookieless(self.host.knobs)):
            conn.fast_open = Opening(b"")
            self._tell(conn.number, "asks for a cookie", b"", 0)
            return 0
        most = min(server.mss or DEFAULT_MSS, LARGEST_MSS, conn.options.max_segment or LARGEST_MSS, conn.room())
        length = min(len(data), max(most - MAX_OPTIONS, 0))
        conn.fast_open = Opening(server.cookie or None, length)
        self._tell(conn.number, "sends data in the SYN", server.cookie, length)
        return length

    def _server(self, local: bytes, remote: bytes) -> Server:
        return self.servers.get(local + remote, UNKNOWN)

    def _resting(self, path: bytes) -> bool:
        failure = self.failures.get(path)
        return failure is not None and self.host.now < failure.until

    def answered(self, conn: Connection, options: Options | None, ack: int) -> None:
        """The SYN,ACK is there: remember what it says, and whether the data got through (§4.1.3, §4.1.3.1, §4.2.2)."""
        opening = conn.fast_open
        assert opening is not None
        cookie = options.fast_open if options is not None and opening.asked else None
        ends = conn.local_ip + conn.remote_ip
        mss = (options.mss if options is not None else 0) or DEFAULT_MSS
        known = self.servers.pop(ends, UNKNOWN)
        self.servers[ends] = Server(cookie or known.cookie, mss)
        if len(self.servers) > MOST_SERVERS:
            del self.servers[next(iter(self.servers))]
        if cookie and cookie != known.cookie:
            self._tell(conn.number, "was given a cookie", cookie, 0)
        acked = ack - conn.iss - 1
        if acked >= opening.data > 0:
            conn.syn_data = True
            self.host.count("tcp.fastopen_opened")
            self._tell(conn.number, "the data in the SYN was taken", b"", opening.data)
        elif opening.data:
            self.host.count("tcp.fastopen_not_taken")
            self._tell(conn.number, "the data in the SYN was not taken", b"", opening.data - max(acked, 0))
        if not cookie and not acked and (opening.data or conn.retransmits):
            self.failed(conn)
        elif cookie or acked:
            self.failures.pop(_path(conn), None)

    def failed(self, conn: Connection) -> None:
        """It did not work on this path: leave it alone for a while (§4.1.3.1)."""
        wait, path = self.host.knobs.tcp_fastopen_blackhole, _path(conn)
        if not wait:
            return
        times = self.failures.pop(path, NO_FAILURE).times
        self.failures[path] = Failure(self.host.now + (wait << min(times, DOUBLINGS)), times + 1)
        if len(self.failures) > MOST_SERVERS:
            del self.failures[next(iter(self.failures))]
        self.host.count("tcp.fastopen_failures")
        self._tell(conn.number, "failed on this path: not tried again for a while", b"", 0)

    def ended(self, conn: Connection, cause: str) -> None:
        """A connection has ended before its handshake did."""
        if not pending(conn) and cause in ("retries exhausted", "unreachable"):
            self.failed(conn)
        done(conn, cause == "rcv RST")

    def _tell(self, conn: int, what: str, cookie: bytes, length: int) -> None:
        if self.host.observer is not None:
            self.host.observer(self.host.name, "tcp.fast_open", conn, what, cookie, length)

    def taken(self, conn: Connection, length: int) -> None:
        """The data of a SYN goes to the application."""
        self._tell(conn.number, "takes the data of the SYN", b"", length)

    def given(self, conn: Connection, cookie: bytes) -> None:
        """The SYN,ACK gives the client a cookie."""
        self._tell(conn.number, "gives a cookie", cookie, 0)


NOTHING = Verdict(False, None)
UNKNOWN = Server(b"", 0)
NO_FAILURE = Failure(0, 0)


def _cookieless(knobs: Knobs) -> bool:
    return knobs.tcp_fastopen_cookieless in ("client", "both")


def _path(conn: Connection) -> bytes:
    return conn.local_ip + conn.remote_ip + conn.remote_port.to_bytes(2, "big")


def _room(queue: Queue, limit: int) -> bool:
    """Tell whether one more handshake may be pending; those that were reset long ago make room (§5.1)."""
    while queue.pending >= limit and queue.resets and queue.resets[0] <= queue.host.now:
        queue.resets.popleft()
        queue.pending -= 1
    return queue.pending < limit


def pending(conn: Connection) -> bool:
    """Tell whether the application was given this connection before its handshake is done."""
    return conn.fast_open is not None and conn.fast_open.queue is not None


def done(conn: Connection, was_reset: bool = False) -> None:
    """The handshake has ended, well or not; one that was reset counts for a while (§5.1)."""
    opening, conn.fast_open = conn.fast_open, None
    if opening is None or opening.queue is None:
        return
    if was_reset:
        opening.queue.resets.append(conn.host.now + RESET_COUNTS)
    else:
        opening.queue.pending -= 1
