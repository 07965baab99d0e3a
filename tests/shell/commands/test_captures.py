"""Captures: written for Wireshark, read from tcpdump and editcap, whole and damaged, and followed through a pipe."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shell.captures import pcapng
from shell.captures.loaded import load
from shell.captures.packets import NotACapture
from tests.filter_corpus import corpus
from tests.shell.conftest import Shell

SESSION = ("link drop next 1 out", "http get http://192.168.1.1/", "run 70s")


def needs(program: str) -> pytest.MarkDecorator:
    package = {"editcap": "wireshark-common"}.get(program, program)
    return pytest.mark.skipif(
        shutil.which(program) is None, reason=f"{program} is not installed (apt-get install {package})")


def program(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)


def answer(shell: Shell, line: str) -> Any:
    return json.loads(shell.run(f"{line} --json"))


@pytest.fixture
def saved(shell: Shell, tmp_path: Path) -> Path:
    path = tmp_path / "run.pcapng"
    for line in SESSION:
        shell.run(line)
    shell.run(f"capture save {path}")
    return path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The corpus, as this project writes it."""
    path = tmp_path_factory.mktemp("captures") / "corpus.pcapng"
    blocks = [pcapng.packet(1_700_000_000_000_000 + moment, data) for moment, data in corpus()]
    path.write_bytes(pcapng.section("test") + pcapng.interface("you", "a test") + b"".join(blocks))
    return path


def classic(order: str = "<", unit: str = "micro", frames: list[bytes] | None = None, cut: int = 65535) -> bytes:
    magic = 0xA1B2C3D4 if unit == "micro" else 0xA1B23C4D
    out = struct.pack(f"{order}IHHiIII", magic, 2, 4, 0, 0, 65535, 1)
    for number, data in enumerate(frames if frames is not None else [data for _, data in corpus()]):
        kept = data[:cut]
        out += struct.pack(f"{order}IIII", 1_700_000_000 + number, 123_456, len(kept), len(data)) + kept
    return out


def data_of(path: Path) -> list[bytes]:
    return [event.values[2] for event in load(str(path)).events if event.kind == "frame.sent"]


def test_what_was_saved_can_be_looked_at(shell: Shell, saved: Path) -> None:
    before = answer(shell, "frames 100")["frames"]
    loaded = answer(shell, f"capture load {saved}")
    assert loaded["frames"] == len(before)
    after = answer(shell, "frames 100")["frames"]
    for one, other in zip(before, after, strict=True):
        for same in ("time_us", "direction", "source", "destination", "flags", "info", "length", "dropped"):
            assert one[same] == other[same], same
    assert answer(shell, "frames 100 tcp.flags.syn == 1 and drop")["frames"]
    shell.run("capture close")
    assert answer(shell, "frames 100")["frames"] == before


def test_the_prompt_says_what_is_looked_at(shell: Shell, saved: Path) -> None:
    shell.run(f"capture load {saved}")
    shell.app.refresh_prompt()
    assert shell.app.prompt == "CAPTURE run.pcapng aether> "
    shell.run("capture close")
    shell.app.refresh_prompt()
    assert shell.app.prompt == "aether> "


def test_a_file_is_not_replaced_unless_asked(shell: Shell, saved: Path) -> None:
    content = saved.read_bytes()
    assert "--force" in shell.fail(f"capture save {saved}")
    assert saved.read_bytes() == content
    shell.run("ping 192.168.1.1")
    shell.run(f"capture save {saved} --force")
    assert len(saved.read_bytes()) > len(content)
    assert [path.name for path in saved.parent.iterdir() if path.suffix == ".pcapng"] == ["run.pcapng"]


def test_what_is_recorded_begins_at_start(shell: Shell, tmp_path: Path) -> None:
    shell.run("ping 192.168.1.1")
    shell.run("capture start icmp")
    shell.run("ping 192.168.1.1 --count 2")
    shell.run("udp send 192.168.1.1:7 hello")
    assert answer(shell, "capture status")["frames"] == 4
    assert answer(shell, "capture stop")["frames"] == 4
    shell.run("ping 192.168.1.1")
    assert answer(shell, f"capture save {tmp_path / 'a.pcapng'}")["frames"] == 4


def test_an_expression_selects_what_is_saved(shell: Shell, saved: Path, tmp_path: Path) -> None:
    some = answer(shell, f"capture save {tmp_path / 'arp.pcapng'} arp")
    assert 0 < some["frames"] < answer(shell, f"capture load {saved}")["frames"]
    assert "selects" in shell.fail(f"capture save {tmp_path / 'b.pcapng'} icmp.type == 99")


@pytest.mark.parametrize(("line", "said"), [
    ("capture load /nowhere/at.all", "No such file"),
    ("capture load README.md", "neither pcap nor pcapng"),
    ("capture load /dev/null", "it is a device, and no ordinary file"),
    ("capture save /nowhere/at.all", "cannot write"),
    ("capture save /dev/null", "no ordinary file"),
    ("capture live README.md", "no named pipe"),
    ("capture stop", "nothing is recorded"),
    ("capture close", "no capture is open"),
])
def test_what_makes_no_sense(shell: Shell, line: str, said: str) -> None:
    shell.run("ping 192.168.1.1")
    assert said in shell.fail(line)


def test_the_ladder_of_a_capture(shell: Shell, saved: Path) -> None:
    shell.run(f"capture load {saved}")
    found = answer(shell, "ladder")
    assert [(station["name"], station["address"]) for station in found["stations"]] == [
        ("you", "192.168.1.2"), ("192.168.1.1", "192.168.1.1")]
    drawn = shell.run("ladder")
    assert "drop next" in drawn
    assert "SYN-SENT → ESTABLISHED" in drawn
    assert "DROP tcp.old_duplicate" in drawn


def test_the_connections_of_a_capture_have_numbers(shell: Shell, saved: Path) -> None:
    shell.run("http get http://192.168.1.1/")
    shell.run(f"capture save {saved} --force")
    shell.run(f"capture load {saved}")
    for number in (1, 2):
        rows = answer(shell, f"frames 100 conn == {number}")["frames"]
        assert {row["layer"] for row in rows} == {"tcp"}
        assert "GET / HTTP/1.1" in shell.run(f"follow {number}")
        assert len(answer(shell, f"ladder {number}")["rungs"]) == len(rows)
    assert not answer(shell, "frames 100 conn == 3")["frames"]


def test_a_capture_has_no_decisions(shell: Shell, saved: Path) -> None:
    shell.run(f"capture load {saved}")
    assert "capture close" in shell.fail("why 3")


# Formats.


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("unit", ["micro", "nano"])
def test_pcap_in_both_orders_and_units(tmp_path: Path, order: str, unit: str) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(classic(order, unit))
    capture = load(str(path))
    assert data_of(path) == [data for _, data in corpus()]
    assert capture.started == 1_700_000_000_000_000_000 + 123_456 * (1000 if unit == "micro" else 1)
    assert not capture.damage


def test_packed_by_gzip(tmp_path: Path) -> None:
    path = tmp_path / "a.pcap.gz"
    path.write_bytes(gzip.compress(classic()))
    assert data_of(path) == [data for _, data in corpus()]
    path.write_bytes(gzip.compress(classic())[:-200])
    broken = load(str(path))
    assert 0 < broken.frames < len(corpus())
    assert "compressed" in broken.damage


def test_pcapng_in_the_other_order(tmp_path: Path) -> None:
    def block(kind: int, body: bytes) -> bytes:
        return struct.pack(">II", kind, 12 + len(body)) + body + struct.pack(">I", 12 + len(body))

    comment = struct.pack(">HH", 1, 5) + b"hello\0\0\0" + struct.pack(">HHI", 2, 4, 1) + bytes(4)
    nano = struct.pack(">HHB3xHH", 9, 1, 9, 0, 0)
    frame = bytes(range(60))
    path = tmp_path / "big.pcapng"
    path.write_bytes(
        block(0x0A0D0D0A, struct.pack(">IHHq", 0x1A2B3C4D, 1, 0, -1))
        + block(1, struct.pack(">HHI", 1, 0, 0) + nano) + block(1, struct.pack(">HHI", 9999, 0, 0))
        + block(0xBAD, b"unknown!")
        + block(6, struct.pack(">IIIII", 0, 0, 5_000, 60, 90) + frame + comment)
        + block(6, struct.pack(">IIIII", 1, 0, 6, 4, 4) + b"abcd")
        + block(3, struct.pack(">I", 60) + frame)
        + block(2, struct.pack(">HHIIII", 0, 0, 0, 7_000, 60, 60) + frame))
    capture = load(str(path))
    assert (capture.frames, capture.shortened, capture.damage) == (4, 1, "")
    assert data_of(path) == [frame, b"abcd", frame, frame]
    assert [event.values[2] for event in capture.events if event.kind == "frame.comment"] == [
        "the capture has 60 of 90 bytes", "hello"]
    assert capture.left_out == [
        "the headers of 1 packet of link type 9999, which is not known here: there are only bytes",
        "the times of 1 of 4 packets: the file has none, and each stands where the one before it does"]


@pytest.mark.parametrize(("content", "said"), [
    (classic(frames=[b"x" * 60] * 3)[:-10], "ends inside a packet"),
    (classic(frames=[b"x" * 60] * 2) + b"\1\2\3", "header of a packet"),
    (classic(frames=[b"x" * 60]) + struct.pack("<IIII", 1, 1, 1 << 31, 60), "262,144 is the most"),
])
def test_a_damaged_pcap_keeps_what_was_readable(shell: Shell, tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "damaged.pcap"
    path.write_bytes(content)
    loaded = answer(shell, f"capture load {path}")
    assert loaded["frames"] >= 1
    assert said in loaded["damage"]
    assert "byte" in loaded["damage"]
    assert len(answer(shell, "frames")["frames"]) == loaded["frames"]


def test_a_damaged_pcapng_says_where(tmp_path: Path) -> None:
    head = pcapng.section("test") + pcapng.interface("you", "") + pcapng.packet(5, b"y" * 60)
    path = tmp_path / "damaged.pcapng"
    for tail, said in (
        (struct.pack("<II", 6, 0xFFFF_FFF0), "4,294,967,280 bytes"),
        (struct.pack("<II", 6, 11), "cannot be"),
        (pcapng.packet(6, b"z" * 60)[:-4] + b"\0\0\0\0", "at its end"),
        (struct.pack("<IIIIIIII", 6, 32, 7, 0, 0, 0, 0, 32), "interface 7"),
        (struct.pack("<IIIIIIII", 6, 32, 0, 0, 0, 99, 99, 32), "more than its block"),
        (struct.pack("<III", 6, 12, 12), "too short"),
        (b"\x0a\x0d\x0d\x0a" + bytes(8), "byte orders"),
    ):
        path.write_bytes(head + tail)
        capture = load(str(path))
        assert capture.frames == 1, said
        assert said in capture.damage
        assert f"byte {len(head)}" in capture.damage


@given(st.data())
def test_damage_of_any_kind_is_survived(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from([classic(), pcapng.section("t", "about") + pcapng.interface("a", "b") + b"".join(
        pcapng.packet(5, frame, "in", ["comment"]) for _, frame in corpus()[:20])]))
    raw = bytearray(whole[:data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 8))):
        if raw:
            raw[data.draw(st.integers(0, min(len(raw), 600) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "any"
    path.write_bytes(raw)
    try:
        capture = load(str(path))
    except NotACapture:
        return
    assert capture.frames <= len(corpus())


# Other programs.


@needs("tshark")
def test_tshark_reads_it_without_a_warning(saved: Path) -> None:
    done = program("tshark", "-r", str(saved), "-T", "fields", "-e", "frame.number", "-e", "frame.comment")
    assert done.returncode == 0
    assert not [line for line in done.stderr.splitlines() if not line.startswith("Running as user")]
    comments = "\n".join(done.stdout.splitlines())
    assert "SYN-SENT → ESTABLISHED #1" in comments
    assert "LOST on the link: `link drop next`" in comments
    assert "DROP tcp.old_duplicate: everything in it was received before" in comments


@needs("tshark")
def test_tshark_sees_the_same_directions(shell: Shell, saved: Path) -> None:
    done = program("tshark", "-r", str(saved), "-T", "fields", "-e", "frame.packet_flags_direction")
    theirs = [{"0x00000001": "in", "0x00000002": "out"}[line] for line in done.stdout.split()]
    assert theirs == [row["direction"] for row in answer(shell, "frames 100")["frames"]]


@needs("editcap")
@pytest.mark.parametrize(("form", "name"), [
    ("pcap", "pcap"), ("nsecpcap", "pcap, nanoseconds"), ("pcapng", "pcapng"),
])
def test_what_editcap_writes_is_read(written: Path, tmp_path: Path, form: str, name: str) -> None:
    path = tmp_path / f"a.{form}"
    assert program("editcap", "-F", form, str(written), str(path)).returncode == 0
    capture = load(str(path))
    assert (capture.format, capture.damage) == (name, "")
    assert data_of(path) == [data for _, data in corpus()]
    assert capture.started == 1_700_000_000_000_000_000


@needs("editcap")
def test_what_editcap_cuts_says_so(shell: Shell, written: Path, tmp_path: Path) -> None:
    path = tmp_path / "short.pcapng"
    assert program("editcap", "-s", "50", str(written), str(path)).returncode == 0
    loaded = answer(shell, f"capture load {path}")
    assert loaded["frames"] == len(corpus())
    assert loaded["shortened"] == sum(len(data) > 50 for _, data in corpus())
    for number in range(1, loaded["frames"] + 1):
        shell.run(f"frame {number}")


@needs("tcpdump")
def test_what_tcpdump_writes_is_read(written: Path, tmp_path: Path) -> None:
    whole, short, nano = tmp_path / "a.pcap", tmp_path / "b.pcap", tmp_path / "c.pcap"
    assert program("editcap", "-F", "pcap", str(written), str(tmp_path / "in.pcap")).returncode == 0
    assert program("tcpdump", "-r", str(tmp_path / "in.pcap"), "-w", str(whole)).returncode == 0
    assert data_of(whole) == [data for _, data in corpus()]
    assert program("tcpdump", "-r", str(tmp_path / "in.pcap"), "-w", str(short), "tcp").returncode == 0
    assert 0 < load(str(short)).frames < len(corpus())
    assert program("tcpdump", "-r", str(tmp_path / "in.pcap"), "-w", str(nano), "--time-stamp-precision=nano",
                   "-s", "60").returncode == 0
    assert (load(str(nano)).format, len(data_of(nano))) == ("pcap, nanoseconds", len(corpus()))


@needs("tshark")
@pytest.mark.parametrize("order", ["<", ">"])
def test_the_modified_pcap_is_read_as_tshark_does(tmp_path: Path, order: str) -> None:
    """What libpcap of some distributions wrote around 2000: each packet also has the kind that packet(7) lists."""
    path = tmp_path / "old.pcap"
    out = struct.pack(f"{order}IHHiIII", 0xA1B2CD34, 2, 4, 0, 0, 65535, 1)
    for number, (_, data) in enumerate(corpus()):
        out += struct.pack(f"{order}IIIIIHBB", 1_700_000_000 + number, 5, len(data), len(data), 1, 0x800, number % 5, 0)
        out += data
    path.write_bytes(out)
    capture = load(str(path))
    assert (capture.format, capture.damage, capture.started) == ("modified pcap", "", 1_700_000_000_000_005_000)
    assert data_of(path) == [data for _, data in corpus()]
    done = program("tshark", "-r", str(path), "-T", "fields", "-e", "frame.len")
    assert done.stdout.split() == [str(len(data)) for data in data_of(path)]
    sent = [event.frame for event in capture.events if event.kind == "frame.sent" and event.host == "you"]
    assert sent == [number for number in range(1, capture.frames + 1) if (number - 1) % 5 == 4]


def block(kind: int, body: bytes, told: int = 0) -> bytes:
    """Return a pcapng block, `told` bytes longer than it says that it is."""
    length = 12 + len(body) - told
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)


SIMPLE, UNKNOWN, START = 3, 0xBAD, 1_700_000_000_000_000


@needs("tshark")
@pytest.mark.parametrize("timed", [(1, 0, 1), (0, 1, 0), (0, 0)], ids=str)
def test_a_packet_without_a_time_stands_where_the_one_before_does(tmp_path: Path, timed: tuple[int, ...]) -> None:
    """Simple Packet Blocks have none: the capture begins at the first time that there is, as tshark has it."""
    path, frame = tmp_path / "simple.pcapng", corpus()[0][1]
    simple = block(SIMPLE, struct.pack("<I", len(frame)) + frame + bytes(-len(frame) % 4))
    path.write_bytes(pcapng.section("test") + pcapng.interface("you", "a test") + b"".join(
        pcapng.packet(START + 5 * number, frame) if has else simple for number, has in enumerate(timed)))
    capture = load(str(path))
    first = next((START + 5 * number for number, has in enumerate(timed) if has), None)
    assert capture.started == (None if first is None else first * 1000)
    ours = {event.frame: event.time for event in capture.events}
    done = program("tshark", "-r", str(path), "-T", "fields", "-e", "frame.number", "-e", "frame.time_epoch")
    last = 0
    for number, line in enumerate(done.stdout.splitlines(), 1):
        theirs = line.split("\t")[1]
        assert bool(theirs) == bool(timed[number - 1])
        if theirs:
            last = round((float(theirs) - (first or 0) / 1e6) * 1e6)
        assert ours[number] == last
    assert f"{timed.count(0)} of {len(timed)} packets" in capture.left_out[0]


@needs("tshark")
def test_a_block_whose_length_leaves_its_padding_out_is_read_as_tshark_does(tmp_path: Path) -> None:
    path, frame = tmp_path / "odd.pcapng", corpus()[0][1]
    packets = [pcapng.packet(START + number, frame) for number in range(2)]
    path.write_bytes(pcapng.section("test") + pcapng.interface("you", "a test")
                     + packets[0] + block(UNKNOWN, b"abc\0", told=1) + packets[1])
    capture = load(str(path))
    assert (capture.frames, capture.damage) == (2, "")
    done = program("tshark", "-r", str(path), "-Y", "eth", "-T", "fields", "-e", "frame.time_epoch")
    assert len(done.stdout.split()) == 2


# A reader at the other end of a pipe.


def until(true: Callable[[], bool]) -> None:
    """Wait for something that another thread does soon."""
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "it did not come true in 20 seconds"
        time.sleep(0.01)


def test_a_reader_follows(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    shell.run(f"capture live {path} icmp")
    shell.run("ping 192.168.1.1 --count 1")
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as reader:
        until(lambda: answer(shell, "capture status")["live_reader"])
        shell.run("ping 192.168.1.1 --count 1")
        shell.run("capture stop")
        content = reader.read()
    copy = tmp_path / "copy.pcapng"
    copy.write_bytes(content)
    capture = load(str(copy))
    assert (capture.frames, capture.damage) == (4, "")
    assert not path.exists()


def test_a_reader_that_goes_away_may_come_again(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    shell.run(f"capture live {path}")
    for _ in range(2):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        until(lambda: answer(shell, "capture status")["live_reader"])
        os.close(descriptor)
        shell.run("ping 192.168.1.1 --count 1")
        until(lambda: not answer(shell, "capture status")["live_reader"])
    shell.run("capture stop")


def test_a_pipe_that_a_kill_left_is_used_and_taken_away(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    code = """
import os, signal, sys
from shell.captures import live
from shell.__main__ import main
live.CapturePipe.__init__ = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
main(sys.argv[1:])
"""
    done = subprocess.run([sys.executable, "-c", code, "--sim", "-c", f"capture live {path}"], capture_output=True,
                          timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.is_fifo()
    shell.run(f"capture live {path}")
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    until(lambda: answer(shell, "capture status")["live_reader"])
    os.close(descriptor)
    shell.run("capture stop")
    assert not path.exists()


def test_a_pipe_that_somebody_made_stays(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    shell.run(f"capture live {path}")
    shell.run("capture stop")
    assert path.is_fifo()


def test_nobody_reads_and_nothing_waits(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shell.captures.live.LIMIT", 2000)
    shell.run(f"capture live {tmp_path / 'pipe'}")
    pipe = shell.session.recordings.live
    assert pipe is not None
    assert answer(shell, "ping 192.168.1.1 --count 20 --wait 30s")["received"] == 20
    status = answer(shell, "capture status")
    assert (status["live"], status["live_reader"]) == (pipe.path, False)
    until(lambda: answer(shell, "capture status")["live_given_up"] > 0)
    assert answer(shell, "capture stop")["live"] == ""
    assert not Path(pipe.path).exists()


def test_a_reader_that_does_not_read_loses_the_oldest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from shell.captures.live import CapturePipe, open_pipe
    from shell.captures.recorder import Encoder
    from shell.reading.frames import SeenFrame

    path = str(tmp_path / "pipe")
    pipe = CapturePipe(Encoder("you", "a test"), path, made=open_pipe(path))
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    monkeypatch.setattr("shell.captures.live.LIMIT", 100_000)
    for number in range(200):
        pipe.take([SeenFrame(number, number, "in", bytes(1000), number)])
        pipe.tick()
    assert pipe.given_up > 0
    content = b""
    while part := os.read(descriptor, 1 << 20):
        content += part
        pipe.tick()
        if pipe.frames * 1000 < len(content):
            break
    pipe.close()
    os.close(descriptor)
    copy = tmp_path / "copy.pcapng"
    copy.write_bytes(content)
    capture = load(str(copy))
    assert (capture.frames, capture.damage) == (200 - pipe.given_up, "")


def test_standard_output_carries_frames_alone(tmp_path: Path) -> None:
    path = tmp_path / "out.pcapng"
    with path.open("wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "shell", "--sim", "-c", "capture live -", "-c", "ping 192.168.1.1 --count 2"],
            stdout=out, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "2 answered" in done.stderr
    capture = load(str(path))
    assert (capture.frames, capture.damage) == (6, "")


HOSTILE = "\x1b[31m\x07\u202e\u200b\x9b2J\r\n\x00'\"<b>" + "x" * 300


@pytest.mark.parametrize("line", ["frames", "frames --plain", "ladder", "ladder --plain", "capture status"])
def test_nothing_in_a_file_reaches_the_terminal_raw(shell: Shell, tmp_path: Path, line: str) -> None:
    from aether.wire import ipv4, tcp, udp

    one, two = bytes((192, 168, 1, 1)), bytes((192, 168, 1, 2))
    raw = HOSTILE.encode()
    name = bytes((63,)) + raw[:63] + b"\0"
    packets = [
        udp.build(one, two, 53, 53, struct.pack(">HHHHHH", 1, 0x8180, 1, 0, 0, 0) + name + b"\0\1\0\1"),
        udp.build(one, two, 67, 68, b"\2\1\6\0" + bytes(24) + bytes(16) + raw[:64] + raw[:128] + b"\x63\x82\x53\x63"
                  + b"\x0c" + bytes((60,)) + raw[:60] + b"\xff"),
        udp.build(one, two, 5, 6, raw),
    ]
    frames = [ipv4.build(one, two, 17, packet) for packet in packets]
    web = b"GET /" + raw[:20].replace(b"\n", b"") + b" HTTP/1.1\r\nHost: " + raw + b"\r\n\r\n" + raw
    frames.append(ipv4.build(one, two, 6, tcp.build(one, two, 5, 80, 1, 1, 24, 99, b"", web)))
    path = tmp_path / "a\x1b[31m.pcapng"
    path.write_bytes(pcapng.section(HOSTILE, HOSTILE) + pcapng.interface(HOSTILE, HOSTILE) + b"".join(
        pcapng.packet(number, bytes(12) + b"\x08\x00" + frame, "in", [HOSTILE, f"DROP tcp.checksum: {HOSTILE}"])
        for number, frame in enumerate(frames)))
    printed = shell.run(f"capture load '{path}'") + shell.run(line)
    for number in range(1, len(frames) + 1):
        printed += shell.run(f"frame {number}") + shell.run(f"frame {number} --plain")
    assert not [char for char in printed if char in "\x1b\x07\u202e\u200b\x9b\r\0"]


def test_expressions_ask_for_comments_dates_and_what_was_sent_again(shell: Shell, saved: Path) -> None:
    shell.run(f"capture load {saved}")
    asked = ("tcp.analysis.retransmission", 'frame.comment contains "LOST"', 'frame.time > "1970-01-01"',
             "frame.time_epoch > 0")
    found = {expression: {row["number"] for row in answer(shell, f"frames {expression}")["frames"]}
             for expression in asked}
    assert len(found["tcp.analysis.retransmission"]) == 2 and len(found['frame.comment contains "LOST"']) == 1
    assert len(found['frame.time > "1970-01-01"']) > 10
    assert found["frame.time_epoch > 0"] == found['frame.time > "1970-01-01"']
