"""Mysteries: something does not work, and `why` names the cause."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .test_debugger import Program


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
    program.run("tcp connect 192.168.1.1:7", "link corrupt 100% out", 'tcp send 1 "hello"', "run 100ms")
    answer = program.json("why drop")["answer"]
    assert any(reason in answer for reason in ("checksum", "header_length", "version", "truncated", "not_for_us",
                                               "fragments", "protocol", "bad_source", "data_offset")), answer


def test_a_reset_was_injected(program: Program) -> None:
    """Blind, inside the window: refused by default, and `why` says by which rule."""
    program.run("tcp connect 192.168.1.1:7")
    from aether.operations import InjectFrame
    from aether.wire import ethernet, ipv4, tcp

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


def test_the_link_is_down(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:7", "link down", 'tcp send 1 "hello"', "run 5s")
    assert "without an answer" in stalled(program)
    assert "the link lost frame" in program.json("why drop")["answer"]
