"""HTTP between two simulated hosts: requests byte for byte, and the client against servers of the test."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aether import queries
from aether.apps.http_get import HttpProgress
from aether.lab import listen, simulated
from aether.operations.base import OperationError
from aether.operations.services import HttpFile, HttpGet, HttpServe
from aether.sockets import TcpSocket
from aether.wire.address import parse_ip
from aether.world import World

pytestmark = pytest.mark.usefixtures("both_ways")

SECOND = 1_000_000
BIG = bytes(range(256)) * 4096
DATE = 784_111_777


class Client:
    """Sends bytes, and keeps what comes back."""

    def __init__(self, world: World, data: bytes) -> None:
        self.data = data
        self.got = b""
        self.ended = ""
        self.socket = TcpSocket(world.hosts["you"], self)
        self.socket.connect(parse_ip("192.168.1.1"), 80)
        self.ready(self.socket)

    def ready(self, socket: TcpSocket) -> None:
        try:
            while self.data:
                self.data = self.data[socket.send(self.data):]
        except OSError:
            pass
        try:
            while piece := socket.receive():
                self.got += piece
            self.ended = self.ended or "closed"
        except BlockingIOError:
            return
        except OSError:
            self.ended = "reset"


def served(epoch: int = -1) -> World:
    world = simulated(1)
    world.do(HttpServe(host="host", epoch=epoch))
    for path, data in (("/a.txt", b"0123456789"), ("/empty", b""), ("/big", BIG), ("/sub/x.html", b"<p>")):
        world.do(HttpFile(host="host", path=path, data=data, modified=DATE))
    return world


def run(world: World, microseconds: int) -> None:
    end = world.now + microseconds
    while world.step(end):
        pass
    world.advance(end)


def talk(data: bytes, world: World | None = None, wait: int = SECOND) -> Client:
    world = world or served()
    client = Client(world, data)
    run(world, wait)
    return client


def get(path: str, *headers: str, method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: x", *headers, "", ""]).encode()


def status(client: Client) -> int:
    return int(client.got.split(b" ", 2)[1])


def body(client: Client) -> bytes:
    return client.got.partition(b"\r\n\r\n")[2]


def test_files() -> None:
    """RFC 9110 §9.3.1, RFC 9110 §9.3.2, RFC 9110 §8.8.2."""
    client = talk(get("/a.txt"))
    assert client.got.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 10\r\n" in client.got
    assert b"Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT" in client.got
    assert (body(client), client.ended) == (b"0123456789", "")
    assert body(talk(get("/empty"))) == b""
    assert body(talk(get("/big"), wait=5 * SECOND)) == BIG
    head = talk(get("/big", method="HEAD"))
    assert b"Content-Length: 1048576" in head.got and body(head) == b""
    assert b"Location: /sub/\r\n" in talk(get("/sub")).got
    assert b"x.html" in body(talk(get("/sub/")))


def test_a_date_where_there_is_a_clock_and_none_where_not() -> None:
    """RFC 9110 §6.6.1."""
    assert b"\r\nDate:" not in talk(get("/a.txt")).got
    assert b"\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n" in talk(get("/a.txt"), served(DATE * SECOND)).got


def test_several_requests_on_one_connection() -> None:
    """RFC 9112 §9.3: kept open, pipelined, answered in order; the last one asks to close."""
    client = talk(get("/a.txt") + get("/none") + get("/sub/x.html", "Connection: close"))
    assert [int(part[:3]) for part in client.got.split(b"HTTP/1.1 ")[1:]] == [200, 404, 200]
    assert client.ended == "closed"


def test_pieces_of_any_size() -> None:
    world = served()
    client = Client(world, b"")
    for octet in get("/a.txt"):
        client.data = bytes((octet,))
        client.ready(client.socket)
        run(world, 1000)
    run(world, SECOND)
    assert body(client) == b"0123456789"


@pytest.mark.parametrize("headers, code, part", [
    (["Range: bytes=2-4"], 206, b"234"), (["Range: bytes=-2"], 206, b"89"), (["Range: bytes=7-"], 206, b"789"),
    (["Range: bytes=10-"], 416, None), (["Range: bytes=1-2,4-5"], 200, b"0123456789"),
    (["Range: bytes=2-4", "If-Range: Sun, 06 Nov 1994 08:49:37 GMT"], 206, b"234"),
    (["Range: bytes=2-4", 'If-Range: "x"'], 200, b"0123456789"),
    (["If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"], 304, b""),
    (["If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT"], 200, b"0123456789"),
])
def test_parts_and_conditions(headers: list[str], code: int, part: bytes | None) -> None:
    """RFC 9110 §14.2, RFC 9110 §13.1.3, RFC 9110 §13.1.5."""
    client = talk(get("/a.txt", *headers))
    assert status(client) == code
    if part is not None:
        assert body(client) == part
    if code == 206:
        assert f"/{10}\r\n".encode() in client.got
    if code == 416:
        assert b"Content-Range: bytes */10\r\n" in client.got


@pytest.mark.parametrize("data, code", [
    (b"nonsense\r\n\r\n", 400), (b"GET / HTTP/1.1\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    (b"GET /a%2 HTTP/1.1\r\nHost: x\r\n\r\n", 400), (get("/../etc/passwd"), 400), (get("/%2e%2e/x"), 400),
    (get("/a.txt", "Content-Length: x"), 400), (get("/a.txt", "Content-Length: 1", "Transfer-Encoding: chunked"), 400),
    (get("/a.txt", "Transfer-Encoding: gzip"), 400), (get("/none"), 404),
    (get("/a.txt", "Transfer-Encoding: gzip, chunked"), 501), (get("/", method="BREW"), 501),
    (get("/", method="DELETE"), 405), (get("/a.txt", "Content-Length: 99999999"), 413),
    (get("/" + "x" * 9000), 414), (b"GET /" + b"x" * 9000, 414), (get("/", "X: " + "y" * 17_000), 431),
    (b"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505), (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    (get("/a.txt", "Upgrade: h2c", "Connection: Upgrade"), 200), (get("x:1", method="CONNECT"), 405),
    (b"\r\n" + get("/a.txt"), 200), (b"GET /a.txt HTTP/1.0\r\n\r\n", 200),
])
def test_codes(data: bytes, code: int) -> None:
    """RFC 9110 §15, RFC 9112 §3, RFC 9112 §3.2, RFC 9112 §6.3."""
    client = talk(data)
    assert status(client) == code, client.got
    if code in (400, 413, 414, 431, 501, 505):
        assert client.ended == "closed"
        assert b"Connection: close\r\n" in client.got
    if code == 405:
        assert b"Allow: GET, HEAD\r\n" in client.got


def test_a_body_is_read_before_it_is_refused() -> None:
    """RFC 9110 §15.5.6: the connection goes on behind it."""
    for request in (
        get("/", "Transfer-Encoding: chunked", method="POST") + b"3\r\nabc\r\n0\r\n\r\n",
        get("/", "Content-Length: 3", method="POST") + b"abc",
    ):
        client = talk(request + get("/a.txt"))
        assert [int(part[:3]) for part in client.got.split(b"HTTP/1.1 ")[1:]] == [405, 200], client.got
    chunks = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    endless = talk(get("/", "Transfer-Encoding: chunked", method="POST") + chunks * 20, wait=10 * SECOND)
    assert status(endless) == 413
    wrong = talk(get("/", "Transfer-Encoding: chunked", method="POST") + b"x\r\n")
    assert status(wrong) == 400


def test_patience_has_an_end() -> None:
    """RFC 9110 §15.5.9, RFC 9112 §9.5: a request that never ends is told so, a silent connection is closed."""
    world = served()
    begun, silent = Client(world, b"GET / HT"), Client(world, b"")
    run(world, 10 * SECOND)
    assert (begun.ended, silent.ended) == ("", "")
    run(world, 15 * SECOND)
    assert (status(begun), begun.ended) == (408, "closed")
    assert (silent.got, silent.ended) == (b"", "closed")
    app = world.hosts["host"].tcp.listeners
    assert all(not getattr(one.socket.app, "sessions", {}) for one in app.values())


def test_no_copy_of_a_large_file() -> None:
    """What waits to be sent is bounded by the socket's buffer, however large the file."""
    world = served()
    world.do(HttpFile(host="host", path="/huge", data=bytes(20_000_000)))
    client = Client(world, get("/huge"))
    most = 0
    for _ in range(3000):
        if not world.step():
            break
        for conn in world.hosts["host"].tcp.connections.values():
            most = max(most, conn.send.end - conn.send.start)
    assert 0 < most < 8_000_000
    assert client.got


def test_a_world_in_the_middle_of_a_file_can_be_kept() -> None:
    world = served()
    job = world.do(HttpGet(url="http://192.168.1.1/big"))
    for _ in range(50):
        world.step()
    other = World.load(world.snapshot())
    for one in (world, other):
        run(one, 10 * SECOND)
        assert queries.job_report(one, job).length == len(BIG)
    assert other.state_hash() == world.state_hash()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 60), st.booleans())
def test_any_bytes_to_a_server(data: bytes, at: int, chunked: bool) -> None:
    good = get("/a.txt", "Transfer-Encoding: chunked") if chunked else get("/a.txt")
    world = served()
    for sent in (data, good[:at] + data + good[at:], good + data):
        client = talk(sent, world)
        assert not client.got or client.got.startswith(b"HTTP/1.1 ")


# The client.


class Script:
    """A server that says what it is told to, whatever it is asked."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces
        self.asked: list[bytes] = []

    def ready(self, socket: TcpSocket) -> None:
        if socket.listener is not None:
            while socket.listener.accepted:
                socket.accept().app = self
            return
        try:
            data = socket.receive()
        except OSError:
            return
        if data:
            self.asked.append(data)
            for piece in self.pieces:
                socket.send(piece)
        socket.close()


def fetch(url: str, *pieces: bytes, world: World | None = None) -> HttpProgress:
    world = world or simulated(1)
    if pieces:
        listen(world.hosts["host"], 8080, Script(*pieces))
    job = world.do(HttpGet(url=url))
    run(world, 30 * SECOND)
    report: HttpProgress = queries.job_report(world, job)
    assert report.done
    return report


def test_names_are_looked_up() -> None:
    assert fetch("http://www.lab/").status == 200
    assert fetch("http://nobody.lab/").error == "nobody.lab: no such name"
    assert fetch("http://_http._tcp.lab/").error == "_http._tcp.lab: no address"
    assert fetch("http://host.lab:81/").error == "ECONNREFUSED"


def test_redirections_are_followed() -> None:
    """RFC 9110 §15.4."""
    report = fetch("http://host.lab/sub", world=served())
    assert (report.url, report.redirects, report.status) == ("http://host.lab/sub/", ["http://host.lab/sub"], 200)
    ring = fetch("http://host.lab:8080/", b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n")
    assert "they lead nowhere" in ring.error
    away = fetch("http://host.lab:8080/", b"HTTP/1.1 302 Found\r\nLocation: https://x/\r\n\r\n")
    assert "only http:// is spoken here" in away.error


class Turns:
    """A server that gives each of its connections a list of answers, one for each request, and then closes it."""

    def __init__(self, *connections: list[bytes]) -> None:
        self.connections = [list(answers) for answers in connections]
        self.answers: list[list[bytes]] = []
        self.sockets: list[TcpSocket] = []
        self.asked: list[tuple[int, bytes]] = []

    def ready(self, socket: TcpSocket) -> None:
        if socket.listener is not None:
            while socket.listener.accepted:
                self.sockets.append(taken := socket.accept())
                self.answers.append(self.connections.pop(0))
                taken.app = self
            return
        at = self.sockets.index(socket)
        try:
            data = socket.receive()
        except OSError:
            return
        if data and self.answers[at]:
            self.asked.append((at, data.split()[1]))
            socket.send(self.answers[at].pop(0))
        if not data or not self.answers[at]:
            socket.close()


MOVED = b"HTTP/1.1 302 Found\r\nLocation: /b\r\n"
FOUND = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


@pytest.mark.parametrize(("connections", "asked"), [
    ([[MOVED + b"Content-Length: 4\r\n\r\ngone", FOUND]], [(0, b"/a"), (0, b"/b")]),
    ([[MOVED + b"Content-Length: 0\r\n\r\n", FOUND]], [(0, b"/a"), (0, b"/b")]),
    ([[MOVED + b"Transfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n", FOUND]], [(0, b"/a"), (0, b"/b")]),
    ([[MOVED + b"Content-Length: 0\r\nConnection: close\r\n\r\n"], [FOUND]], [(0, b"/a"), (1, b"/b")]),
    ([[MOVED + b"Content-Length: 99\r\n\r\ncut"], [FOUND]], [(0, b"/a"), (1, b"/b")]),
    ([[MOVED + b"Content-Length: 99999\r\n\r\n" + b"x" * 90_000, FOUND], [FOUND]], [(0, b"/a"), (1, b"/b")]),
    ([[MOVED + b"Content-Length: 0\r\n\r\n"], [FOUND]], [(0, b"/a"), (1, b"/b")]),
    ([[MOVED.replace(b"/b", b"http://host.lab:8080/b") + b"Content-Length: 0\r\n\r\n"], [FOUND]],
     [(0, b"/a"), (1, b"/b")]),
], ids=["kept", "empty", "chunked", "closed", "cut", "long", "stale", "elsewhere"])
def test_a_connection_is_kept_where_it_may_be(connections: list[list[bytes]], asked: list[tuple[int, bytes]]) -> None:
    """RFC 9112 §9.3, RFC 9112 §9.3.1: a redirection on the same server is followed on the same connection."""
    world = simulated(1)
    server = Turns(*connections)
    listen(world.hosts["host"], 8080, server)
    report = fetch("http://192.168.1.1:8080/a", world=world)
    assert (report.status, report.body, report.error) == (200, b"ok", "")
    assert server.asked == asked


def test_chunked_answers_and_interim_ones() -> None:
    """RFC 9112 §7.1, RFC 9110 §15.2."""
    report = fetch(
        "host.lab:8080", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nWi",
        b"ki\r\n3\r\npe", b"d\r\n0\r\n\r\n")
    assert (report.status, report.body, report.error) == (200, b"Wikiped", "")


@pytest.mark.parametrize("answer, error", [
    (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "closed in the middle, after 3 bytes"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", "closed in the middle, after 3 bytes"),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", "a chunk without a size"),
    (b"HTTP/1.1 200 OK\r\n\r\nabc", ""), (b"SSH-2.0\r\n\r\n", "not HTTP"), (b"HTTP/1.1 200", "before an answer"),
    (b"HTTP/1.1 100 x\r\n\r\n" * 2000, "before an answer"), (b"X" * 70_000, "too long"),
])
def test_answers_that_end_badly(answer: bytes, error: str) -> None:
    """RFC 9112 §8."""
    assert error in fetch("host.lab:8080", answer).error


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=100), st.integers(0, 80))
def test_any_bytes_to_a_client(data: bytes, cut: int) -> None:
    good = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nLocation: /x\r\n\r\n4\r\nWiki\r\n0\r\n\r\n"
    fetch("192.168.1.1:8080", good[:cut] + data)


def test_operations_refuse_nonsense() -> None:
    world = simulated(1)
    for operation, said in (
        (HttpGet(url="https://x/"), "only http"), (HttpGet(url="1.2.3/"), "neither an address nor a name"),
        (HttpServe(port=0), "port must be"), (HttpServe(port=7), "listen on port 7"),
        (HttpFile(port=81, path="/x"), "no HTTP server"), (HttpFile(path="/../x"), "contains"),
    ):
        with pytest.raises(OperationError, match=said):
            world.do(operation)
