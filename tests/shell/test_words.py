"""Every kind of event has words for a person."""

from __future__ import annotations

from aether.events import KINDS
from shell.words import DESCRIBE
from tests.shell.conftest import Shell


def test_every_kind_of_event_is_described() -> None:
    assert not KINDS.keys() - DESCRIBE.keys()


def test_what_names_and_addresses_are_about(shell: Shell) -> None:
    shell.run("dns ask www.lab")
    assert "A of www.lab: no error, 2 records" in shell.run("frame 4")
    shell.run("dhcp start")
    said = shell.run("frames 20 --plain")
    numbers = [line.split()[0] for line in said.splitlines() if ":68" in line or ":67" in line]
    told = "".join(shell.run(f"frame {number} --plain") for number in numbers)
    assert "takes DHCP OFFER from 192.168.1.1" in told
