"""What `why` says is so: held against what the stack decided and what the link did."""

from __future__ import annotations

import pytest

from aether.operations.tcp import TcpListen
from aether.tcp import output
from tests.shell.debugging.test_debugger import Program
from tests.shell.lessons.test_mysteries import program, stalled

__all__ = ["program"]
SHOWN = {"window": "the peer's window", "cwnd": "cwnd is full", "silly window": "silly window", "cork": "corked",
         "nagle": "Nagle", "send buffer": "send buffer"}
"""How `why` begins for each thing that holds data back."""


def own(program: Program, host: str = "you"):  # type: ignore[no-untyped-def]
    return program.core.ask(lambda world: next(iter(world.hosts[host].tcp.connections.values())))


def said_by_the_stack(program: Program) -> str:
    """What the latest event of our connection says of who holds data back."""
    return next((event.values[1] for event in reversed(program.session.events())
                 if event.kind == "tcp.limited" and event.host == "you"), "nothing")


def test_a_silly_window_is_not_taken_for_nagle(program: Program) -> None:
    """The window cuts the segment: output says silly window, and so does `why`."""
    program.core.do(TcpListen(host="host", port=8080))
    program.run("knob set tcp.receive_window 2000 --host host", "tcp connect 192.168.1.1:8080", "run 1s",
                "tcp reading 1 off --host host", "link delay 500ms", f'tcp send 1 "{"x" * 2500}" --background')
    assert said_by_the_stack(program) == "silly window"
    answer = stalled(program)
    assert "silly window" in answer and "Nagle" not in answer
    assert "tcp.silly_window = on" in answer


def test_a_cork_is_not_taken_for_nagle(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:9", "run 1s", "link delay 500ms", 'tcp send 1 "a" --background')
    conn = own(program)
    conn.socket.options.cork = True
    program.run('tcp send 1 "b" --background')
    assert said_by_the_stack(program) == "cork"
    assert "corked" in stalled(program)


@pytest.mark.parametrize("seed", range(6))
def test_what_holds_back_is_what_the_stack_last_said(seed: int) -> None:
    """On a lossy, slow link, step after step: the function, the event and `why` agree; asking changes nothing."""
    program = Program(seed)
    program.core.do(TcpListen(host="host", port=8080))
    program.run(f"knob set tcp.receive_window {4000 + 3000 * seed} --host host", "tcp connect 192.168.1.1:8080",
                "run 1s", f"link loss {seed}%", "link delay 20ms",
                "tcp reading 1 off --host host" if seed % 2 else "run 1ms",
                f'tcp send 1 "{"x" * 40_000}" --background', "pause")
    for _ in range(60):
        program.run("step 3")
        conn = own(program)
        before = program.hash()
        held = output.held_back(conn)
        assert held == (conn.clocks.limit), said_by_the_stack(program)
        assert (held or "nothing") == said_by_the_stack(program)
        if held and not conn.round_trip.backoff and conn.flight_size() == 0:
            assert SHOWN[held] in stalled(program)
        assert program.hash() == before
    program.core.stop()


def test_a_black_hole_is_found_when_the_peer_sends(program: Program) -> None:
    """It is no hole in our buffer, and no knob of ours."""
    program.run("tcp connect 192.168.1.1:19", "run 10ms", "link mtu 1000 in", "run 1s")
    answer = stalled(program)
    assert "black hole" in answer and "at host" in answer
    assert "out_of_order" not in answer


def test_what_was_lost_before_makes_no_black_hole(program: Program) -> None:
    """The link let nothing large through once; what is on its way now was not lost."""
    program.run("tcp connect 192.168.1.1:9", "link mtu 600", f'tcp send 1 "{"x" * 1400}" --background', "run 100ms",
                "link clear", "run 5s", "link delay 2s", 'tcp send 1 "small" --background')
    assert "black hole" not in stalled(program)


def test_a_half_open_connection_is_recognised(program: Program) -> None:
    """The peer aborted while the link was down: it knows nothing of it any more."""
    program.run("tcp connect 192.168.1.1:7", "run 1s", "link down", "tcp abort 1 --host host", "run 1s", "link up")
    answer = stalled(program)
    assert "half-open" in answer and "host" in answer
    assert "was lost" in answer
    program.run('tcp send 1 "hello?"', "run 1s")
    assert "is closed" in stalled(program)


def test_what_was_sent_once_is_not_counted_seven_times(program: Program) -> None:
    """Only the first segment was sent again and again."""
    program.run("tcp connect 192.168.1.1:9", "run 1s", "link down",
                f'tcp send 1 "{"x" * 10_000}" --background', "run 60s")
    conn = own(program)
    first = conn.flight.segments[conn.snd_una]
    answer = stalled(program)
    assert f"the first {first.end - first.start} of them sent {first.sends} times" in answer
    assert any(other.sends < first.sends for other in conn.flight.segments.values())


def test_a_knob_that_comes_back_lets_the_transfer_go_on(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:7", "run 1s", "knob set tcp.retransmit off", "link drop next 1 out",
                'tcp send 1 "lost" --background', "run 10s")
    assert "waits for ever" in stalled(program)
    program.run("knob set tcp.retransmit on")
    assert "waits for ever" not in stalled(program) and "the rto timer fires in" in stalled(program)
    program.run("run 5s")
    assert own(program).bytes_received == len("lost"), "the echo came"


def test_the_profile_turns_it_on_too(program: Program) -> None:
    program.run("profile classic", "tcp connect 192.168.1.1:7", "run 1s", "link drop next 1 out",
                'tcp send 1 "lost" --background', "run 5s", "profile modern", "run 5s")
    assert own(program).bytes_received == len("lost")


def test_a_syn_that_nobody_watched_over_is_sent_again(program: Program) -> None:
    program.run("ping 192.168.1.1 --count 1", "knob set tcp.retransmit off", "link drop next 1 out",
                "tcp connect 192.168.1.1:7 --wait 3s", "knob set tcp.retransmit on", "run 5s")
    assert own(program).state == "ESTABLISHED"


def test_what_nagle_held_leaves_when_the_knob_goes_off(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:9", "run 1s", "link delay 2s", 'tcp send 1 "a" --background',
                'tcp send 1 "b" --background')
    assert "Nagle" in stalled(program)
    program.run("knob set tcp.nagle off")
    assert own(program).unsent() == 0


def test_the_knob_of_the_peer_is_named_with_its_host(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:7", "run 1s", "knob set tcp.retransmit off --host host",
                "link drop next tcp.len > 0 in", 'tcp send 1 "lost"', "run 10s")
    answer = stalled(program)
    assert "at host" in answer and "tcp.retransmit = off at host" in answer
    assert "`knob set tcp.retransmit on --host host`" in answer


def test_an_ack_storm_that_the_host_began(program: Program) -> None:
    """The forged segment goes to us this time."""
    program.run("tcp connect 192.168.1.1:80", "run 1s", 'inject data conn 1 "forged"', "run 2s")
    assert "ACK storm" in stalled(program)


def test_a_retransmission_was_spurious_because_the_link_became_slow(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:7", 'tcp send 1 "fast"', "run 2s", "link delay 400ms",
                'tcp send 1 "slow" --background', "run 3s")
    answer = program.json("why retransmit")
    assert "purious" in answer["answer"]
    assert answer["knob"].startswith("tcp.rto_min")


@pytest.mark.parametrize(("slow", "why"), [
    ("50ms", "to which tcp.rto_min adds 200 ms"), ("100ms", "the round trips have become longer than they ever were")])
def test_what_made_a_timer_too_short(program: Program, slow: str, why: str) -> None:
    """RFC 6298 §2.3, §2.4: four times the variation, or the least that there is, whichever is more."""
    program.run(f"link delay {slow}", "tcp connect 192.168.1.1:7 --wait 2s", 'tcp send 1 "measured"', "run 2s",
                "link delay 2s", 'tcp send 1 "slow" --background', "run 6s")
    answer = program.json("why retransmit")
    assert why in answer["answer"] + answer["remedy"]


def test_a_first_timer_that_is_too_short(program: Program) -> None:
    program.run("ping 192.168.1.1 --count 1", "knob set tcp.rto_initial 100ms", "link delay 300ms",
                "tcp connect 192.168.1.1:7 --wait 3s")
    events = [event for event in program.session.events() if event.kind == "tcp.retransmit"]
    assert events
    answer = program.json("why retransmit")
    assert "purious" in answer["answer"]
    assert answer["knob"] == "tcp.rto_initial = 100ms"


def test_a_retransmission_of_what_was_lost_is_right(program: Program) -> None:
    program.run("tcp connect 192.168.1.1:7", "run 1s", "link drop next tcp.len > 0 out", 'tcp send 1 "x"', "run 1s")
    answer = program.json("why retransmit")["answer"]
    assert "Rightly: the link lost frame" in answer and "purious" not in answer


def test_what_icmp_caused_is_no_time_out(program: Program) -> None:
    """A router says that our segments are too large."""
    program.run("tcp connect 10.0.2.2:9", f'tcp send 1 "{"x" * 6000}"', "run 1s")
    whys = [event.values[3] for event in program.session.events() if event.kind == "tcp.retransmit"]
    assert "too large for the path" in whys and "after a time-out" not in whys
    answer = program.json("why retransmit")
    assert "time-out" not in answer["answer"].replace("no time-out", "")
    assert "RFC 1191" in answer["rfc"]
