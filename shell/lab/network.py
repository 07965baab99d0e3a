"""The kernel's side of the TAP: its address, its state, and whether the subnet is free."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from shell.language.grammar import CommandError

DEFAULT_ROUTE = 1
"""Prefixes up to this length reach everything, as VPNs have it, and stand in nobody's way."""
UNICAST, LOCAL = 1, 2
"""Types of routes (RTN_UNICAST, RTN_LOCAL) by which a subnet is taken."""
PROPOSED = ("10.77.0.0/24", "172.30.77.0/24")
IFF_UP = 1


class NetworkError(CommandError):
    """The network cannot be set up; the text says why and what to do."""


@contextmanager
def _routing(what: str) -> Iterator[Any]:
    """Yield a netlink connection; what the kernel refuses is NetworkError, `what` says what was tried."""
    from pyroute2 import IPRoute
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        with IPRoute() as routing:
            yield routing
    except NetlinkError as problem:
        if problem.code in (errno.EPERM, errno.EACCES):
            raise NetworkError(f"no permission to {what}. Use sudo aether-shell, or a private network: --lab") from None
        raise NetworkError(f"cannot {what}: {os.strerror(problem.code)}") from None
    except OSError as problem:
        raise NetworkError(f"cannot {what}: {problem.strerror or problem}") from None


def refuse_conflict(host_address: str, prefix: int, name: str) -> None:
    """Raise NetworkError if this machine has a route into the subnet already, by another interface than `name`."""
    wanted = ipaddress.ip_network(f"{host_address}/{prefix}", strict=False)
    taken = _taken(name)
    for other in taken:
        if other.overlaps(wanted):
            free = [text for text in PROPOSED if not any(net.overlaps(ipaddress.ip_network(text)) for net in taken)]
            proposed = f"another network: --subnet {free[0]}, or " if free else ""
            raise NetworkError(
                f"this machine reaches {other} another way already (many home networks use these addresses), and the "
                f"lab wants {wanted}. Choose {proposed}a private one: --lab"
            )


def _taken(name: str) -> list[ipaddress.IPv4Network]:
    """Return the networks that this machine reaches by other interfaces than `name`."""
    found = []
    with _routing("read the routes") as routing:
        ours = routing.link_lookup(ifname=name)
        for route in routing.get_routes(family=socket.AF_INET):
            attributes = dict(route["attrs"])
            if route["type"] not in (UNICAST, LOCAL) or route["dst_len"] <= DEFAULT_ROUTE:
                continue
            if attributes.get("RTA_OIF") not in ours and "RTA_DST" in attributes:
                found.append(ipaddress.IPv4Network(f"{attributes['RTA_DST']}/{route['dst_len']}", strict=False))
    return found


def configure(name: str, address: str, prefix: int) -> None:
    """Give the kernel's end of the TAP its address, without IPv6, and bring it up.

    A TAP that was made elsewhere and has all this is left as it is, so that no privilege is needed.
    """
    with suppress(OSError):  # where it cannot be switched off, IPv6 frames are counted as not supported
        Path(f"/proc/sys/net/ipv6/conf/{name}/disable_ipv6").write_text("1")
    with _routing(f"give {name} the address {address}/{prefix}") as routing:
        index = routing.link_lookup(ifname=name)[0]
        present = routing.get_addr(family=socket.AF_INET, index=index)
        if not any(dict(each["attrs"])["IFA_LOCAL"] == address and each["prefixlen"] == prefix for each in present):
            routing.addr("add", index=index, address=address, prefixlen=prefix)
    poll_in_thread(name)
    bring_up(name)


def poll_in_thread(name: str) -> None:
    """Let the kernel take frames that we send many at a time with a thread of its own, where there is a second core.

    Linux 5.12 or newer. Elsewhere it does that in our time. It must not put frames together on the way: somebody who
    looks at the device wants to see them as they are.
    """
    from pyroute2.ethtool.ioctl import EthtoolError, IoctlEthtool

    with suppress(OSError, EthtoolError), closing(IoctlEthtool(name)) as device:
        device.set_offload_flag("generic-receive-offload", 0)
    if (os.cpu_count() or 1) > 1:
        with suppress(OSError):
            Path(f"/sys/class/net/{name}/threaded").write_text("1")


def bring_up(name: str) -> None:
    """Bring an interface up, unless it is."""
    with _routing(f"bring {name} up") as routing:
        index = routing.link_lookup(ifname=name)[0]
        if not routing.get_links(index)[0]["flags"] & IFF_UP:
            routing.link("set", index=index, state="up")
