"""Mysteries: something does not work, and `why` names the cause."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aether.operations.frames import InjectFrame
from aether.operations.tcp import TcpListen
from aether.wire import arp, ethernet
from aether.wire.address import parse_ip
from tests.shell.debugging.test_debugger import Program


@pytest.fixture
def program() -> Iterator[Program]:
    one = Program()
    yield one
    one.core.stop()


def connections(world):  # type: ignore[no-untyped-def]
    return list(world.hosts["host"].tcp.connections.values())


def stalled(program: Program, number: int = 1) -> str:
    explanation = program.json(f"why conn {number} stalled")
    return " ".join((explanation["answer"], explanation["knob"], explanation["remedy"]))


def test_retransmission_is_switched_off(program: Program) -> None:
    program.run("ping 192.168.1.1 --count 1", "tcp connect 192.168.1.1:7", "knob set tcp.retransmit off",
                "link drop next 1 out", 'tcp send 1 "lost"', "run 10s")
    assert "retransmission is switched off" in stalled(program)
    assert "tcp.retransmit" in stalled(program)


def test_the_peer_does_not_read(program: Program) -> None:
    """Zero window."""
    program.run("knob set tcp.receive_window 3000 --host host", "tcp connect 192.168.1.1:7", "run 1s")
    program.core.ask(lambda world: [setattr(c.socket, "app", None) for c in connections(world)])
    program.run(f'tcp send 1 "{"x" * 9000}"', "run 2s")
    assert "window" in stalled(program)
    assert "peer's application has to read" in stalled(program)


def test_the_neighbour_does_not_answer(program: Program) -> None:
    program.run("tcp connect 192.168.1.77:80 --wait 1s")
    assert "nobody answers for the next hop" in stalled(program)


def test_the_route_is_missing(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:7")
    program.core.ask(lambda world: setattr(world.hosts["you"].routes, "table", []))
    assert "no route" in stalled(program)


def test_nagle_with_delayed_acknowledgements(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:9")
    for index in range(18):
        program.run(f'tcp send 1 "{index}"', "run 100ms")
    program.run("pause", 'tcp send 1 "a"', 'tcp send 1 "b"')
    assert "Nagle" in stalled(program)
    assert "tcp.nagle" in stalled(program)


def test_the_backlog_is_full(program: Program) -> None:
    program.run("knob set tcp.syn_cookies off --host host")
    program.core.ask(lambda world: setattr(next(iter(world.hosts["host"].tcp.listeners.values())), "backlog", 0))
    program.run("tcp connect 192.168.1.1:80 --wait 2s")
    port = program.core.ask(lambda world: next(
        one.port for one in world.hosts["host"].tcp.listeners.values() if one.backlog == 0))
    program.run(f"tcp connect 192.168.1.1:{port} --wait 2s")
    assert "not answered" in stalled(program, program.core.ask(lambda world: world.connections))
    assert "tcp.backlog_full" in program.json("why drop")["answer"]


def test_a_wrong_checksum(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:7", "link corrupt 100% out", "link corrupt-what checksum",
                'tcp send 1 "hello"', "run 100ms")
    explanation = program.json("why drop")
    assert "checksum" in explanation["answer"]
    assert explanation["rfc"]


def test_a_reset_was_injected(program: Program) -> None:
    """Blind, inside the window: refused by default, and `why` says by which rule."""
    program.run("tcp connect 192.168.1.1:7")
    from aether.wire import ipv4, tcp

    def craft(world):  # type: ignore[no-untyped-def]
        conn = next(iter(world.hosts["you"].tcp.connections.values()))
        segment = tcp.build(conn.remote_ip, conn.local_ip, conn.remote_port, conn.local_port,
                            conn.rcv_nxt + 10 & 0xFFFFFFFF, 0, tcp.RST, 0)
        packet = ipv4.build(conn.remote_ip, conn.local_ip, 6, segment)
        ours, theirs = (world.hosts[name].interfaces[0].mac for name in ("you", "host"))
        return ethernet.build(ours, theirs, 0x800, packet)

    program.core.do(InjectFrame(program.core.ask(craft)))
    program.run("run 100ms")
    explanation = program.json("why drop")
    assert "tcp.rst_not_exact" in explanation["answer"]
    assert "RFC 5961" in explanation["rfc"]
    assert explanation["knob"] == "tcp.challenge_ack = on"
    assert any("segment_arrives.py" in link["source"] for link in explanation["chain"])


def test_out_of_order_segments_are_dropped_by_a_knob(program: Program) -> None:
    program.run("knob set tcp.out_of_order drop", "tcp connect 192.168.1.1:7", "link drop next 1 in",
                f'tcp send 1 "{"y" * 6000}"', "run 30ms")
    explanation = program.json("why drop")
    assert "tcp.out_of_order" in explanation["answer"]
    assert explanation["knob"] == "tcp.out_of_order = drop"
    assert "knob set tcp.out_of_order buffer" in explanation["remedy"]


def test_cwnd_is_full(program: Program) -> None:
    program.run("link delay 100ms", "tcp connect 192.168.1.1:7", f'tcp send 1 "{"z" * 60000}" --background')
    assert "cwnd is full" in stalled(program)


CRAFTED = ("tcp connect 192.168.1.1:80", 'send data conn 1 "hello"', "run 2s")
"""The example of docs/craft.md: the host believes what our connection never sent."""


def test_an_ack_storm(program: Program) -> None:
    """Held back at once, and named; what `why` says without a connection is the same."""
    program.run(*CRAFTED)
    assert program.core.ask(lambda world: world.frames) < 15
    assert "ACK storm" in stalled(program) and "1 held back" in stalled(program)
    assert "tcp.invalid_ratelimit = 500ms" in stalled(program)
    last = program.json("why")
    assert "holds back an ACK" in last["answer"] and "ACK storm" in last["remedy"] and "RFC 5961" in last["rfc"]


def test_an_ack_storm_without_a_limit(program: Program) -> None:
    """For ever; the cause is named although the ring has forgotten how it began."""
    program.run("knob set tcp.invalid_ratelimit 0", "knob set tcp.invalid_ratelimit 0 --host host", *CRAFTED)
    assert program.core.ask(lambda world: world.frames) > 5000
    assert "ACK storm" in stalled(program) and "knob set tcp.invalid_ratelimit 500ms" in stalled(program)


def test_a_storm_is_over_when_the_ends_agree_again(program: Program) -> None:
    program.run(*CRAFTED, 'tcp send 1 "hello, and what is new"', "run 2s")
    assert "ACK storm" not in stalled(program)


def test_probes_of_a_closed_window_are_no_storm(program: Program) -> None:
    """Each is answered with an ACK, some are not: the cause is who does not read."""
    program.core.do(TcpListen(host="host", port=8080))
    program.run("knob set tcp.receive_window 3000 --host host", "tcp connect 192.168.1.1:8080",
                "run 1s", "tcp reading 1 off --host host", f'tcp send 1 "{"x" * 9000}"')
    for _ in range(8):
        program.run("run 500ms")
        assert "window is closed" in stalled(program)
    held = program.core.ask(lambda world: world.hosts["host"].counters.get("tcp.acks_held", 0))
    assert held, "the first probes come soon after each other"


def test_the_neighbour_was_poisoned(program: Program) -> None:
    """Somebody says that the host's address is his."""
    forged = arp.build(arp.ArpPacket(arp.REPLY, b"\2\0\0\0\0\x66", parse_ip("192.168.1.1"), b"\2\0\0\0\0\2",
                                     parse_ip("192.168.1.2")))
    frame = ethernet.build(b"\2\0\0\0\0\2", b"\2\0\0\0\0\x66", 0x806, forged)
    program.run("knob set arp.unsolicited on", "tcp connect 192.168.1.1:7", "run 1s")
    assert "idle" in stalled(program), "all is well so far"
    program.core.do(InjectFrame(frame))
    program.run('tcp send 1 "who reads this?"', "run 2s")
    answer = stalled(program)
    assert "192.168.1.1 is at 02:00:00:00:00:66" in answer
    assert "it is at 02:00:00:00:00:01 (host)" in answer
    assert "arp.unsolicited" in answer
    assert "ethernet.not_for_us" in program.json("why drop")["answer"]


def test_the_mtu_is_wrong(program: Program) -> None:
    """A link that swallows large packets, and says nothing."""
    program.run("tcp connect 192.168.1.1:7", "link mtu 600", 'tcp send 1 "small"', "run 1s")
    assert "idle" in stalled(program)
    program.run(f'tcp send 1 "{"x" * 3000}"', "run 1s")
    answer = stalled(program)
    assert "too large" in answer
    assert "black hole" in answer
    assert "mtu: 1500 bytes" in program.json("why drop")["answer"]


def test_a_window_update_was_lost(program: Program) -> None:
    """The reader has read, and the writer does not know."""
    program.core.do(TcpListen(host="host", port=8080))
    program.run("knob set tcp.receive_window 3000 --host host", "tcp connect 192.168.1.1:8080",
                "run 1s", "tcp reading 1 off --host host", f'tcp send 1 "{"x" * 9000}"', "run 100ms")
    assert "window" in stalled(program)
    assert "update" not in stalled(program)
    program.run("link drop next 1 in", "tcp read 1 --host host")
    answer = stalled(program)
    assert "a window update was lost" in answer
    assert "persist" in answer
    program.run("run 10s")
    assert "update" not in stalled(program), "the persist timer has asked"


def test_the_link_is_down(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:7", "link down", 'tcp send 1 "hello"', "run 5s")
    assert "without an answer" in stalled(program)
    assert "the link lost frame" in program.json("why drop")["answer"]
