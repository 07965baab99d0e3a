"""What a person can do with a host's services, as data: addresses, names and pages."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aether.apps import dns_zone
from aether.apps.http import HttpServer
from aether.apps.http_get import HttpGet as HttpGetJob
from aether.apps.http_get import UrlError
from aether.apps.http_site import File, PathError, Site, type_of
from aether.lab import listen
from aether.operations.base import (
    Goes,
    Operation,
    OperationError,
    explained,
    first_interface,
    host_named,
    operation,
    with_verb,
)
from aether.wire.address import AddressError, parse_ip

if TYPE_CHECKING:
    from aether.apps.dhcp_client import DhcpClient
    from aether.host import Host
    from aether.world import World


@operation
@dataclass(slots=True)
class DnsAsk(Operation):
    """Start to look a name up; the result is the number of the job. For an address, PTR asks for its name."""

    goes = Goes.FIRST
    host: str = "you"
    name: str = ""
    type: str = "A"
    server: str = ""
    """Whom to ask instead of the servers that the host knows."""

    def apply(self, world: World) -> int:
        """Ask."""
        host = host_named(world, self.host)
        kind = dns_zone.TYPES.get(self.type.upper())
        if kind is None:
            raise OperationError(f"no record type {self.type!r}. There are: {', '.join(dns_zone.TYPES)}")
        name = self.name
        try:
            if self.type.upper() == "PTR" and (":" in name or name.replace(".", "").isdigit()):
                name = dns_zone.reverse_name(dns_zone.parse_ipv6(name) if ":" in name else parse_ip(name))
            servers = [parse_ip(self.server)] if self.server else None
            lookup = host.resolver.resolve(name, kind, servers=servers)
        except (AddressError, ValueError) as problem:
            raise OperationError(str(problem)) from None
        number = host.add_job(lookup)
        lookup.start()
        return number


@operation
@dataclass(slots=True)
class DnsFlush(Operation):
    """Forget what a resolver remembers; the result is how many entries that were."""

    goes = Goes.FIRST
    host: str = "you"

    def apply(self, world: World) -> int:
        """Clear the cache."""
        return host_named(world, self.host).resolver.cache.clear()


@operation
@dataclass(slots=True)
class DhcpStart(Operation):
    """Give up the address there is, and ask for one by DHCP."""

    goes = Goes.FIRST
    host: str = "you"

    def apply(self, world: World) -> None:
        """Send the DISCOVER."""
        client = _client(world, self.host)
        try:
            client.start()
        except OSError as problem:
            raise _port_taken(problem) from None


@operation
@dataclass(slots=True)
class DhcpRenew(Operation):
    """Ask for more time now."""

    goes = Goes.FIRST
    host: str = "you"

    def apply(self, world: World) -> None:
        """Send the REQUEST."""
        if not _client(world, self.host).renew():
            raise OperationError(f"no lease at {self.host!r}. `dhcp start` asks for one")


@operation
@dataclass(slots=True)
class DhcpRelease(Operation):
    """Give the leased address back."""

    goes = Goes.FIRST
    host: str = "you"

    def apply(self, world: World) -> None:
        """Send the RELEASE."""
        if not _client(world, self.host).release():
            raise OperationError(f"no lease at {self.host!r}. `dhcp start` asks for one")


@operation
@dataclass(slots=True)
class DhcpInform(Operation):
    """Ask for everything but an address."""

    goes = Goes.FIRST
    host: str = "you"

    def apply(self, world: World) -> None:
        """Send the INFORM."""
        client = _client(world, self.host)
        try:
            if not client.inform():
                raise OperationError(
                    f"{with_verb(self.host, 'needs')} a static address for this, and DHCP is {client.state}")
        except OSError as problem:
            raise _port_taken(problem) from None


def _client(world: World, name: str) -> DhcpClient:
    """Return the DHCP client of a host, which configures its first interface."""
    host = host_named(world, name)
    first_interface(host)
    return host.dhcp


def _port_taken(problem: OSError) -> OperationError:
    name = errno.errorcode.get(problem.errno or 0, "error")
    return OperationError(f"DHCP needs UDP port 68: {problem.strerror} ({name})")


@operation
@dataclass(slots=True)
class HttpServe(Operation):
    """Serve files on a port, none of them yet, in place of what was served there; `HttpFile` adds them."""

    goes = Goes.EVERYWHERE
    host: str = "you"
    port: int = 80
    epoch: int = -1
    """What a clock shows now, in microseconds since 1970; -1 for none, and then no dates are sent."""

    def apply(self, world: World) -> None:
        """Empty the server on that port, or start one."""
        host = host_named(world, self.host)
        server = _http_server(host, self.port)
        if server is None:
            if not 1 <= self.port <= 65_535:
                raise OperationError(f"port must be a number from 1 to 65535, not {self.port}")
            server = HttpServer(host)
            try:
                listen(host, self.port, server)
            except OSError as problem:
                raise OperationError(f"listen on port {self.port}: {problem.strerror}") from None
        server.epoch = self.epoch - world.now if self.epoch >= 0 else -1
        server.serve(Site())


@operation
@dataclass(slots=True)
class HttpFile(Operation):
    """Add a file to what `HttpServe` serves."""

    goes = Goes.EVERYWHERE
    host: str = "you"
    port: int = 80
    path: str = ""
    """Such as ``/a/b.txt``."""
    data: bytes = b""
    modified: int = -1
    """Seconds since 1970; -1 if unknown."""

    def apply(self, world: World) -> None:
        """Add it."""
        server = _http_server(host_named(world, self.host), self.port)
        if server is None:
            raise OperationError(f"no HTTP server on port {self.port} at {self.host}")
        try:
            server.site.add(self.path, File(self.data, type_of(self.path), self.modified))
        except PathError as problem:
            raise OperationError(str(problem)) from None
        server.prepared.clear()


def _http_server(host: Host, port: int) -> HttpServer | None:
    for listener in host.tcp.listeners.values():
        app = listener.socket.app
        if listener.port == port and isinstance(app, HttpServer):
            return app
    return None


@operation
@dataclass(slots=True)
class HttpGet(Operation):
    """Start to fetch a URL such as http://192.168.1.1/; the result is the number of the job."""

    goes = Goes.FIRST
    host: str = "you"
    url: str = ""
    early: bool = False
    """Whether the request goes with the SYN, as far as it may (RFC 7413)."""

    def apply(self, world: World) -> int:
        """Open the connection, or look the name up first."""
        host = host_named(world, self.host)
        if self.early and not host.tcp.fast_open.enabled():
            raise OperationError(
                "a request cannot go with the SYN here: tcp.fastopen is off, or for servers only. "
                "(knob set tcp.fastopen client)")
        job = HttpGetJob(host, self.url, self.early)
        try:
            job.start()
        except UrlError as problem:
            raise OperationError(str(problem)) from None
        except OSError as problem:
            raise explained(problem, f"connect to {self.url}") from None
        return host.add_job(job)


@operation
@dataclass(slots=True)
class JobCancel(Operation):
    """End a job before it is done."""

    goes = Goes.FIRST
    host: str = "you"
    job: int = 0

    def apply(self, world: World) -> None:
        """Cancel it."""
        host = host_named(world, self.host)
        if self.job not in host.jobs:
            raise OperationError(f"no job {self.job} at {host.name}")
        host.jobs[self.job].cancel()
