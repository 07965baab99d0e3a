"""Servers on the kernel's own stack, for comparison: one that polls by hand, and one with asyncio.

    python -m benchmarks.kernel_servers epoll|asyncio

Both answer every request on port 80 with the page that Aether's server has, to the byte, and close.
"""

from __future__ import annotations

import asyncio
import select
import socket
import sys

from aether.apps.http import PAGE, HttpServer
from aether.apps.http_site import HTML
from aether.lab import YOU, tapped

PORT = 80
BACKLOG = 4096


def response() -> bytes:
    """Return the whole answer, as Aether's server writes it."""
    return HttpServer(tapped().hosts[YOU]).head(200, False, len(PAGE), HTML) + PAGE


def by_epoll() -> None:
    """Serve with one loop around epoll."""
    answer = response()
    listener = socket.create_server(("", PORT), backlog=BACKLOG)
    listener.setblocking(False)
    poll = select.epoll()
    poll.register(listener.fileno(), select.EPOLLIN)
    clients: dict[int, socket.socket] = {}
    while True:
        for number, _ in poll.poll():
            if number == listener.fileno():
                try:
                    while True:
                        client, _ = listener.accept()
                        client.setblocking(False)
                        clients[client.fileno()] = client
                        poll.register(client.fileno(), select.EPOLLIN)
                except BlockingIOError:
                    continue
            client = clients.pop(number)
            try:
                if client.recv(4096):
                    client.send(answer)
            except OSError:
                pass
            poll.unregister(number)
            client.close()


def by_asyncio() -> None:
    """Serve with asyncio's protocols, which are its fast way."""
    answer = response()

    class Page(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            assert isinstance(self.transport, asyncio.WriteTransport)
            self.transport.write(answer)
            self.transport.close()

    async def serve() -> None:
        server = await asyncio.get_running_loop().create_server(Page, "", PORT, backlog=BACKLOG)
        await server.serve_forever()

    asyncio.run(serve())


if __name__ == "__main__":
    {"epoll": by_epoll, "asyncio": by_asyncio}[sys.argv[1]]()
