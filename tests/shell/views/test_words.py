"""Every kind of event has words for a person."""

from __future__ import annotations

from aether.events import KINDS
from shell.reading.words import DESCRIBE
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


def test_what_is_lost_says_why(shell: Shell) -> None:
    """The one-line list and the ladder name the setting of the link that lost a frame."""
    shell.run("ping 192.168.1.1 --count 1")
    shell.run("link loss 100%")
    shell.run("send syn 192.168.1.1:80")
    assert "by chance (`link loss`)" in " ".join(shell.run("frames").split())
    shell.run("link loss 0%")
    shell.run("link down out")
    shell.run("send syn 192.168.1.1:80")
    assert "it is down" in " ".join(shell.run("frames").split())


def test_a_line_says_what_arrived_beyond_a_hole(shell: Shell) -> None:
    shell.run("link drop next tcp.len > 1000 in")
    shell.run("tcp connect 192.168.1.1:19")
    shell.run("run 20ms")
    assert "sack=1449-2897" in shell.run("frames tcp.options.sack.count >= 1")


def test_a_number_that_the_host_does_not_have_sends_to_its_own_list(shell: Shell) -> None:
    assert "`tcp conns --host host`" in shell.fail("host send 9 word")
