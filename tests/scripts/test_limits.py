"""Limits that an attacker would like to be without: holes, silly windows."""

from __future__ import annotations

import pytest

from .script import Script


@pytest.mark.parametrize("tcp_holes", ["3", "1048576"])
def test_holes_are_bounded(tcp_holes: str) -> None:
    """RFC 9293 §3.10.7.4 lets a stack keep what is out of order; how much is its own affair."""
    s = Script("hold", tcp_holes=tcp_holes)
    s.handshake()
    for index in range(5):
        s.inject(f"A seq={11 + 20 * index} ack=1 len=10")
        s.expect("A ack=1")
    kept = s.conn.out_of_order
    if tcp_holes == "3":
        assert len(kept.ranges) == 3
        s.expect_drop("tcp.too_many_holes")
        s.inject("A seq=21 ack=1 len=10")  # it grows a block, and makes no hole
        s.expect("A ack=1")
        assert len(kept.ranges) == 2
    else:
        assert len(kept.ranges) == 5


@pytest.mark.parametrize("tcp_silly_window", ["on", "off"])
def test_a_window_of_one_byte(tcp_silly_window: str) -> None:
    """RFC 9293 §3.8.6.2.1: a sender waits for a window that is worth it; without that it sends byte after byte."""
    s = Script("none", tcp_silly_window=tcp_silly_window)
    s.handshake(window=1000)
    socket = s.accept()
    socket.send(bytes(3000))
    s.expect("A seq=1 len=1000")
    s.inject("A seq=1 ack=1001 win=1")
    if tcp_silly_window == "on":
        s.expect_nothing(for_us=100_000)
    else:
        for at in range(1001, 1006):
            s.expect(f"A seq={at} len=1")
            s.inject(f"A seq=1 ack={at + 1} win=1")
