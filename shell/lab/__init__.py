"""The real lab: a TAP device with the kernel behind it, set up before root is given back.

You are on our side of the TAP, the kernel is the host on the other. Everything that needs
root happens here, in `open_tap`; afterwards neither the network nor the device can be changed.
"""

from __future__ import annotations

import argparse
import ipaddress
import os
from contextlib import ExitStack
from dataclasses import dataclass

from aether import lab as labs
from aether.link.queues import Queues, open_for_one, open_queues
from aether.link.tap import DeviceError
from aether.wire.address import AddressError, parse_ip, parse_network, show_ip
from aether.world import World
from shell.lab import namespace, network, privileges
from shell.lab.cores import crowded
from shell.lab.runner import Runner
from shell.language.grammar import CommandError
from shell.session import Lab

DEFAULT_TAP = "aether0"


@dataclass(slots=True)
class AddressPlan:
    """Who has which address."""

    address: str
    host_address: str
    prefix: int

    @property
    def network(self) -> str:
        """The network that both are in."""
        return str(ipaddress.IPv4Network(f"{self.address}/{self.prefix}", strict=False))


def open_tap(options: argparse.Namespace, seed: int) -> tuple[World, Queues, Lab]:
    """Set the real lab up, and give root back; CommandError with what to do if something stands in the way.

    With --workers the TAP has so many queues, of which the first is used; else it is a plain one.
    """
    plan = plan_addresses(options)
    name = options.tap or DEFAULT_TAP
    is_root = os.geteuid() == 0  # in a user namespace we look like root, and have nothing to give back
    with ExitStack() as opened:
        if options.lab:
            namespace.enter_private()
        else:
            network.refuse_conflict(plan.host_address, plan.prefix, name)
        # Forked before the device is opened: it would hold on to it, and keep it when this process is killed.
        runner = Runner(give_root_back=is_root)
        opened.callback(runner.close)
        try:
            queues = _opened(name, options.workers or 1)
        except DeviceError as problem:
            raise CommandError(str(problem)) from None
        opened.callback(queues.close)
        network.configure(name, plan.host_address, plan.prefix)
        given_back = is_root and privileges.drop()
        world = labs.tapped(seed, plan.address, plan.prefix, plan.host_address)
        close = opened.pop_all().close
    lab = Lab("TAP", name, plan.address, plan.host_address, plan.network, seed, runner.run, close)
    if is_root and not given_back:
        lab.note = ("Nobody called sudo, so root is not given back: this program and those of `host --` are root's. "
                    "To give it to somebody: --user NAME")
    for note in filter(None, (queues.note, crowded(len(queues.taps)))):
        lab.note = f"{lab.note}\nNote: {note}.".strip()
    return world, queues, lab


def _opened(name: str, workers: int) -> Queues:
    if workers == 1:
        return Queues([open_for_one(name)], used=1)
    queues = open_queues(name, workers)
    queues.use(1)
    return queues


def plan_addresses(options: argparse.Namespace) -> AddressPlan:
    """Work out the addresses from --subnet, --address and --host-address; CommandError if they do not fit."""
    address, host_address, prefix = labs.YOUR_ADDRESS, labs.HOST_ADDRESS, labs.PREFIX
    try:
        if options.subnet:
            base, prefix = parse_network(options.subnet)
            if prefix > 30:
                raise CommandError(f"--subnet {options.subnet} has no room for two hosts: /30 at the most")
            first = int.from_bytes(base, "big") >> (32 - prefix) << (32 - prefix)
            host_address, address = show_ip((first + 1).to_bytes(4, "big")), show_ip((first + 2).to_bytes(4, "big"))
        if options.address:
            address, prefix = _with_prefix(options.address, prefix)
        if options.host_address:
            host_address, prefix = _with_prefix(options.host_address, prefix)
    except AddressError as problem:
        raise CommandError(str(problem)) from None
    ours, theirs = (int.from_bytes(parse_ip(text), "big") >> (32 - prefix) for text in (address, host_address))
    if ours != theirs:
        raise CommandError(f"{address} and {host_address} are not in one /{prefix} network")
    if address == host_address:
        raise CommandError(f"you and the host cannot both be {address}")
    return AddressPlan(address, host_address, prefix)


def _with_prefix(text: str, prefix: int) -> tuple[str, int]:
    word, slash, length = text.partition("/")
    ip = show_ip(parse_ip(word))
    if not slash:
        return ip, prefix
    if not length.isdigit() or not 1 <= int(length) <= 30:
        raise CommandError(f"the prefix is a number from 1 to 30, not {length!r}")
    return ip, int(length)
