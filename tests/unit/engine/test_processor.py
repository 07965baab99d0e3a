"""The model of a host's cores: who gets a frame, how long it waits there, and what the core did meanwhile."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from aether.knobs import Knobs
from aether.link.processor import Processor, Worker, worker_of, worker_of_flow
from aether.wire import ethernet, ipv4, tcp, udp
from aether.wire.address import parse_ip

PEER, US = parse_ip("192.168.1.1"), parse_ip("192.168.1.2")
MAC = bytes(6)


def framed(protocol: int, payload: bytes, **more: int) -> bytes:
    packet = ipv4.build(PEER, US, protocol, payload, dont_fragment=False, **more)  # type: ignore[arg-type]
    return ethernet.build(MAC, MAC, ethernet.TYPE_IPV4, packet)


def segment(port: int) -> bytes:
    return framed(ipv4.PROTO_TCP, tcp.build(PEER, US, port, 80, 1, 1, tcp.ACK, 1000))


@given(st.integers(1, 65535), st.integers(1, 64))
def test_a_flow_stays_with_one_worker(port: int, workers: int) -> None:
    expected = (int.from_bytes(PEER, "big") + port // 2) % workers
    assert worker_of(segment(port), workers) == worker_of_flow(PEER, port, workers) == expected
    datagram = framed(ipv4.PROTO_UDP, udp.build(PEER, US, port, 53, b"a question"))
    assert worker_of(datagram, workers) == expected


def test_neighbouring_ports_are_spread_evenly() -> None:
    met = Counter(worker_of(segment(port), 4) for port in range(30_000, 40_000))
    assert sorted(met.values()) == [2500] * 4


def test_even_ports_alone_are_spread_evenly_too() -> None:
    """Linux takes even ports for its clients, as long as there are any."""
    met = Counter(worker_of(segment(port), 2) for port in range(30_000, 40_000, 2))
    assert sorted(met.values()) == [2500] * 2


def test_what_shows_no_ports_goes_to_the_first() -> None:
    pieces = (framed(ipv4.PROTO_TCP, bytes(40), fragment_offset=8), framed(ipv4.PROTO_TCP, bytes(40), more_fragments=1))
    echo = framed(ipv4.PROTO_ICMP, b"\x08\0\0\0\0\1\0\1" + bytes(56))
    for frame in (*pieces, echo, MAC + MAC + b"\x08\x06" + bytes(46), b"", bytes(20), segment(7)[:30]):
        assert worker_of(frame, 5) == 0


@given(st.binary(max_size=100), st.integers(1, 64))
def test_any_bytes_have_a_worker(frame: bytes, workers: int) -> None:
    assert 0 <= worker_of(frame, workers) < workers


def test_a_sleeping_core_wakes_up_and_a_busy_one_works_in_order() -> None:
    knobs = Knobs(loop_spin=100, loop_yield=50, loop_wake=40, loop_cost=10)
    cores = Processor()
    assert cores.take(segment(1), 0, knobs) == (0, 10)
    assert cores.take(segment(1), 5, knobs) == (0, 20), "it waits for the one before"
    assert cores.take(segment(1), 100, knobs) == (0, 110), "it was still spinning"
    assert cores.take(segment(1), 250, knobs) == (0, 260), "it was yielding"
    assert cores.take(segment(1), 1000, knobs) == (0, 1050), "it was asleep"
    [worker] = cores.workers
    assert (worker.frames, worker.wakes, worker.busy) == (5, 1, 90)
    assert (worker.spin, worker.yielding, worker.sleep) == (80 + 100 + 100, 40 + 50, 590)
    assert worker.busy + worker.spin + worker.yielding + worker.sleep == worker.free


def test_what_a_core_does_until_now_is_told_without_changing_it() -> None:
    knobs = Knobs(loop_spin=100, loop_yield=50, loop_wake=40, loop_cost=10, loop_workers=2)
    cores = Processor()
    cores.take(segment(1), 1000, knobs)
    before = [[getattr(worker, name) for name in Worker.__slots__] for worker in cores.workers]
    for worker in cores.until(3000, knobs):
        assert worker.busy + worker.spin + worker.yielding + worker.sleep == worker.free == 3000
    assert sum(worker.spin for worker in cores.until(3000, knobs)) == 300, "one waited twice, the other once"
    assert len(cores.until(3000, Knobs(loop_workers=5))) == 5
    assert before == [[getattr(worker, name) for name in Worker.__slots__] for worker in cores.workers]


def test_workers_do_not_wait_for_each_other() -> None:
    knobs = Knobs(loop_cost=100, loop_workers=2)
    cores = Processor()
    assert [cores.take(segment(port), 0, knobs)[1] for port in (1, 2, 3, 4)] == [100, 100, 200, 200]
