"""Reading by hand, and closing half of a connection."""


from tests.shell.conftest import Shell


def test_what_is_not_read_waits_for_one_read(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    assert "`tcp read 1` takes it" in shell.run("tcp reading 1 off")
    shell.run("tcp send --wait 100ms 1 one")
    shell.run("tcp send --wait 100ms 1 two")
    assert "one read of #1: 4 bytes, 2 bytes left\nonet" in shell.run("tcp read 1 4")
    assert "one read of #1: 2 bytes\nwo" in shell.run("tcp read 1")
    assert "one read of #1: 0 bytes" in shell.run("tcp read 1")


def test_reading_again_takes_what_waits(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    shell.run("tcp reading 1 off")
    shell.run("tcp send --wait 100ms 1 one")
    assert "unread 3" in shell.run("tcp show 1")
    shell.run("tcp reading 1 on")
    assert "unread 0" in shell.run("tcp show 1")


def test_a_full_buffer_closes_the_window_and_a_read_opens_it(shell: Shell) -> None:
    shell.run("knob set tcp.receive_window 8000")
    shell.run("tcp connect 192.168.1.1:19 --wait 0ms")
    shell.run("tcp reading 1 off")
    shell.run("run 5s")
    assert "receive  nxt 9201 " in shell.run("tcp show 1")  # a scaled window can only be rounded up, not taken back
    assert "wnd 0" in shell.run("tcp show 1 --host host")
    assert "one read of #1: 9,200 bytes" in shell.run("tcp read 1")
    shell.run("run 2s")
    assert "one read of #1: 8,944 bytes" in shell.run("tcp read 1")


def test_half_a_connection_is_closed(shell: Shell) -> None:
    shell.run("tcp listen 4000 --app hold --host host")
    shell.run("tcp connect 192.168.1.1:4000")
    assert "FIN-WAIT-2" in shell.run("tcp shutdown 1")
    assert "3 bytes sent" in shell.run("tcp send --host host --wait 10ms 1 bye")
    assert "EPIPE" in shell.fail("tcp send 1 more")
    shell.run("tcp shutdown 1 --host host")
    assert "TIME-WAIT" in shell.run("tcp conns")


def test_what_an_application_reads_is_not_read_by_hand(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    for line in ("tcp reading 1 off", "tcp read 1", "tcp shutdown 1"):
        assert "an application reads it" in shell.fail(f"{line} --host host")
    assert "on or off, not 'maybe'" in shell.fail("tcp reading 1 maybe")
    assert "no connection #9" in shell.fail("tcp read 9")
