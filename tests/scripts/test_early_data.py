"""Data in the SYN (RFC 7413), and what else may be odd about a SYN: each with its knob, and without it."""

from __future__ import annotations

import pytest

from aether.socket_options import SOL_TCP, TCP_FASTOPEN
from aether.sockets import TcpSocket
from aether.tcp.siphash import siphash
from tests.scripts.script import Script


def cookie(s: Script) -> str:
    return siphash(s.host.tcp.fast_open.keys()[:16], s.lab.theirs + s.lab.ours).hex()


@pytest.mark.parametrize(("value", "takes"), [("off", False), ("client", False), ("server", True), ("both", True)])
def test_who_takes_data_in_a_syn(value: str, takes: bool) -> None:
    """RFC 7413 §4.2.2: with a valid cookie, and a knob that lets it; the application hears at once."""
    s = Script("echo", tcp_fastopen=value)
    s.inject(f"S seq=0 mss=1460 len=100 fo={cookie(s)}")
    s.expect(f"SA seq=0 ack={101 if takes else 1}")
    if takes:
        s.expect("PA seq=1 ack=101 len=100")
    s.expect_nothing(for_us=10_000)


@pytest.mark.parametrize(("tcp_fastopen_cookieless", "takes"), [("off", False), ("client", False), ("server", True)])
def test_without_a_cookie(tcp_fastopen_cookieless: str, takes: bool) -> None:
    """RFC 7413 §7.3: where no cookie is wanted, data alone will do."""
    s = Script("echo", tcp_fastopen="server", tcp_fastopen_cookieless=tcp_fastopen_cookieless)
    s.inject("S seq=0 mss=1460 len=100")
    s.expect(f"SA seq=0 ack={101 if takes else 1}")


@pytest.mark.parametrize(("tcp_fastopen_listeners", "takes"), [("off", False), ("on", True)])
def test_a_listener_that_has_not_asked(tcp_fastopen_listeners: str, takes: bool) -> None:
    """RFC 7413 §4.2.2, step 1: it takes no data, unless all are to."""
    s = Script("echo", tcp_fastopen="server", tcp_fastopen_listeners=tcp_fastopen_listeners)
    s.listener.set_option(SOL_TCP, TCP_FASTOPEN, 0)
    s.inject(f"S seq=0 mss=1460 len=100 fo={cookie(s)}")
    s.expect(f"SA seq=0 ack={101 if takes else 1}")


def test_the_queue_is_limited() -> None:
    """RFC 7413 §5.1: no more than so many handshakes with data are pending."""
    s = Script("echo", tcp_fastopen="server", tcp_fastopen_queue="1")
    s.inject(f"S seq=0 mss=1460 len=100 fo={cookie(s)}")
    s.expect("SA seq=0 ack=101")
    s.expect("PA seq=1 ack=101")
    s.inject(f"S seq=0 mss=1460 len=100 port=40001 fo={cookie(s)}")
    s.expect("SA seq=0 ack=1")


@pytest.mark.parametrize(("tcp_fastopen_rotate", "takes"), [("1s", False), ("0", True)])
def test_cookies_age(tcp_fastopen_rotate: str, takes: bool) -> None:
    """RFC 7413 §4.1.2: after two changes of the key a cookie is worth nothing, and another is given."""
    s = Script("echo", tcp_fastopen="server", tcp_fastopen_rotate=tcp_fastopen_rotate)
    old = cookie(s)
    s.advance(2_500_000)
    s.inject(f"S seq=0 mss=1460 len=100 fo={old}")
    seen = s.expect(f"SA seq=0 ack={101 if takes else 1}")
    assert (seen.options.fast_open is None) == takes


@pytest.mark.parametrize(("tcp_fastopen_blackhole", "asks"), [("60s", False), ("0", True)])
def test_a_path_that_has_failed(tcp_fastopen_blackhole: str, asks: bool) -> None:
    """RFC 7413 §4.1.3.1: a SYN with the option that is lost makes the next one go without."""
    s = Script(None, tcp_fastopen="client", tcp_fastopen_blackhole=tcp_fastopen_blackhole)
    for again in (False, True):
        socket = TcpSocket(s.host)
        with pytest.raises(BlockingIOError):
            socket.send_early(b"hello", s.lab.theirs, 80)
        assert socket.connection is not None
        s.peer_port, s.port = 80, socket.connection.local_port
        assert s.expect("S seq=0 len=0").options.fast_open == (b"" if asks or not again else None)
        s.advance(1_000_000)
        s.expect("S seq=0 len=0")
        s.inject("SA seq=0 ack=1 mss=1460")
        s.expect("A seq=1 ack=1")
        socket.abort()
        s.expect("RA seq=1")


@pytest.mark.parametrize(("tcp_noopt", "mss"), [("off", 1460), ("on", None)])
def test_syns_without_options(tcp_noopt: str, mss: int | None) -> None:
    """RFC 9293 §3.7.1: options may be left out, and then none is in use."""
    s = Script("hold", tcp_noopt=tcp_noopt)
    s.inject("S seq=0 mss=1000 ws=7 sackok tsval=5")
    seen = s.expect("SA seq=0 ack=1")
    assert (seen.options.mss, seen.options.timestamp is None) == (mss, mss is None)


@pytest.mark.parametrize(("tcp_drop_synfin", "dropped"), [("on", True), ("off", False)])
def test_a_syn_with_fin(tcp_drop_synfin: str, dropped: bool) -> None:
    """RFC 9293 §3.10.7.2: what both begins and ends is dropped at a listener."""
    s = Script("hold", tcp_drop_synfin=tcp_drop_synfin)
    s.inject("SF seq=0 mss=1460")
    if dropped:
        s.expect_nothing(for_us=10_000)
        assert s.host.drops == {"tcp.syn_fin": 1}
    else:
        s.expect("SA seq=0 ack=1")
