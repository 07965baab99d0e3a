#!/bin/bash
# One would guess: on a Linux socket with a time limit (settimeout), sendto(data, MSG_FASTOPEN, address) connects and sends as on a socket
# without one, and raises TimeoutError if that takes too long; connect() does so.
# What happens: where no cookie of that server is known yet, CPython raises BlockingIOError (EINPROGRESS) at once: a time limit
# makes the descriptor non-blocking, connect() waits for the end of the handshake itself, but sendto() hands the error of the system
# call on. The connection comes about all the same, and the data was not taken: it has to be sent again. With a cookie the same call
# succeeds, so that the first connection to each server fails and the second does not.
# Who it matters to: whoever tries TCP Fast Open (RFC 7413) from Python; asyncio's sockets are non-blocking as well.
# Loopback alone, in a network namespace of its own. Needs root.
set -euo pipefail
[ "$(id -u)" -eq 0 ] || { echo "root is needed, for a network namespace of its own" >&2; exit 2; }
python3 --version
uname -sr
timeout 30 unshare -n bash -c 'ip link set lo up; sysctl -qw net.ipv4.tcp_fastopen=3; exec python3 -' <<'PY'
import errno
import select
import socket

server = socket.create_server(("127.0.0.1", 0))
server.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)


def attempt(limit):
    """What the call returns or raises, whether the connection came about, and what arrived."""
    client = socket.socket()
    client.settimeout(limit)
    try:
        told = client.sendto(b"hello", socket.MSG_FASTOPEN, server.getsockname())
    except OSError as problem:
        told = errno.errorcode[problem.errno]
    conn, _ = server.accept()
    ready, _, _ = select.select([conn], [], [], 0.3)
    came = conn.recv(100) if ready else b""
    print(f"time limit {limit}: {told}, connected to {client.getpeername()[0]}, arrived: {came}")
    for each in (client, conn):
        each.close()
    return told, came


first = attempt(5)
second = attempt(5)
assert first == ("EINPROGRESS", b""), "the first call waits now: this finding has gone"
assert second == (5, b"hello")
PY
echo "without a time limit, in a namespace without a cookie:"
timeout 30 unshare -n bash -c 'ip link set lo up; sysctl -qw net.ipv4.tcp_fastopen=3; exec python3 -' <<'PY'
import socket

server = socket.create_server(("127.0.0.1", 0))
server.setsockopt(socket.IPPROTO_TCP, socket.TCP_FASTOPEN, 5)
client = socket.socket()
told = client.sendto(b"hello", socket.MSG_FASTOPEN, server.getsockname())
came = server.accept()[0].recv(100)
print(f"time limit None: {told}, arrived: {came}")
assert (told, came) == (5, b"hello")
PY
