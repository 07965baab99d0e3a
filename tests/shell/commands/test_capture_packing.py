"""Captures that are packed, and frames that end with their check sequence: read as tshark reads them."""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
import zlib
from importlib.util import find_spec
from pathlib import Path

import pytest

from aether.filters import Records, all_fields, compile_filter
from shell.captures import packed, pcapng
from shell.captures.loaded import load
from shell.captures.packets import NotACapture
from tests.captures import pcap
from tests.filter_corpus import corpus
from tests.flows import needs_tshark
from tests.shell.conftest import Shell

unpacks = pytest.mark.skipif(
    find_spec("zstandard") is None and find_spec("compression") is None, reason="neither Python 3.14 nor zstandard")
packs = pytest.mark.skipif(shutil.which("zstd") is None, reason="zstd is not installed (apt-get install zstd)")
KINDS = ("frame.sent", "frame.arrived")
NAMES = ("frame.len", "eth.fcs", "eth.fcs.status", "eth.padding", "eth.trailer", "ip.len", "udp.length")


def zstd(data: bytes) -> bytes:
    return subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout


def frames_of(path: Path) -> list[bytes]:
    """Return the frames as they were loaded, with what is known of their link."""
    found = {event.values[0]: event.values[2] for event in load(str(path)).events if event.kind in KINDS}
    return [found[number] for number in sorted(found)]


@packs
@unpacks
def test_packed_by_zstd(tmp_path: Path) -> None:
    path, whole = tmp_path / "a.pcap.zst", pcap(corpus())
    path.write_bytes(zstd(whole))
    assert frames_of(path) == [data for _, data in corpus()]
    # In two frames of zstd, as programs append to a file.
    path.write_bytes(zstd(whole[:3000]) + zstd(whole[3000:]))
    assert frames_of(path) == [data for _, data in corpus()]


@packs
@unpacks
def test_what_breaks_is_read_up_to_there(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "a.pcap.zst"
    draw = random.Random(1)
    sound = [(time, draw.randbytes(1000)) for time in range(1000)]  # what does not become shorter has many blocks
    whole = zstd(pcap(sound))
    for broken in (whole[:len(whole) // 2], whole[:300_000] + b"\xff" * 40 + whole[300_040:]):
        path.write_bytes(broken)
        capture = load(str(path))
        assert capture.damage and 0 < capture.frames < len(sound)
    path.write_bytes(whole[:6])
    assert "a.pcap.zst" in shell.fail(f"capture load {path}")


@packs
@unpacks
def test_little_that_unpacks_to_much_is_bounded(tmp_path: Path) -> None:
    """Six hundred million zeros are 20 kB: they are no packets, and no more than the first of them are unpacked."""
    path = tmp_path / "bomb.zst"
    with subprocess.Popen(["head", "-c", "600000000", "/dev/zero"], stdout=subprocess.PIPE) as zeros:
        bomb = subprocess.run(["zstd", "-q", "-c"], stdin=zeros.stdout, capture_output=True, check=True).stdout
    assert len(bomb) < 100_000
    path.write_bytes(zstd(pcap(corpus()[:3])) + bomb)
    capture = load(str(path))
    assert capture.left_out or capture.damage


def test_who_cannot_unpack_says_what_to_do(monkeypatch: pytest.MonkeyPatch, shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "a.pcap.zst"
    path.write_bytes(packed.ZSTD + bytes(20))
    monkeypatch.setattr(packed, "LIBRARIES", ())
    with pytest.raises(NotACapture, match="install the Python package zstandard"):
        load(str(path))
    assert "zstd -d" in shell.fail(f"capture load {path}")


def checked() -> list[tuple[int, bytes]]:
    """Return frames with their check sequences, one of which is wrong."""
    made = [(time, data + zlib.crc32(data).to_bytes(4, "little")) for time, data in corpus()[:60]]
    made[3] = made[3][0], made[3][1][:-1] + bytes((made[3][1][-1] ^ 1,))
    return made


def classic(link: int) -> bytes:
    whole = pcap(checked())
    return whole[:20] + struct.pack("<I", link) + whole[24:]


def new(length: int) -> bytes:
    options = struct.pack("<HHB3xHH", 13, 1, length, 0, 0)
    body = struct.pack("<HHI", 1, 0, 65535) + options
    interface = struct.pack("<II", 1, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))
    return pcapng.section("test") + interface + b"".join(pcapng.packet(time, data) for time, data in checked())


@needs_tshark
@pytest.mark.parametrize("content", [
    pytest.param(classic(0x2400_0001), id="pcap"), pytest.param(new(4), id="pcapng, in bytes"),
    pytest.param(new(32), id="pcapng, in bits"), pytest.param(classic(1), id="nothing is said"),
    pytest.param(classic(0x0400_0001), id="it is said that there is none"),
])
def test_the_check_sequence_is_that_of_tshark(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.cap"
    path.write_bytes(content)
    guess = ("-o", "eth.fcs:Never") if content == classic(1) else ()
    told = subprocess.run(
        ["tshark", "-r", str(path), *guess, "-o", "eth.check_fcs:TRUE", "-o", "ip.defragment:FALSE", "-T", "fields",
         "-E", "occurrence=f", *(word for name in NAMES for word in ("-e", name))],
        capture_output=True, text=True, check=True)
    maker, fields = Records(), all_fields()
    for number, (data, line) in enumerate(zip(frames_of(path), told.stdout.splitlines(), strict=True), 1):
        record = maker.frame(data, number=number)
        record.data = data
        for name, theirs in zip(NAMES, line.split("\t"), strict=True):
            values = fields[name].get(record)
            ours = "" if not values else values[0].hex() if isinstance(values[0], bytes) else str(int(values[0]))
            theirs = str(int(theirs, 16)) if theirs.startswith("0x") else theirs
            assert ours == theirs, (number, name)


def test_a_wrong_sequence_can_be_asked_for(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(classic(0x2400_0001))
    shell.run(f"capture load {path}")
    said = shell.run("frames 100 eth.fcs.status == 0")
    assert [line.split()[0] for line in said.splitlines() if line.strip()[:1].isdigit()] == ["4"]
    assert compile_filter("eth.fcs").names


def test_what_is_sent_again_is_sent_without_its_check_sequence(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    path.write_bytes(classic(0x2400_0001))
    shell.run(f"capture load {path}")
    whole = checked()[0][1]
    shell.run("resend 1 to wire")
    shell.run("edit 1 eth.src=02:00:00:00:00:09")
    shell.run("send frame1")
    shell.run("capture close")
    sent = [event.values[2] for event in shell.session.core.ring.since(0)[0]
            if event.kind == "frame.sent" and event.host == "you"]
    assert whole[:-4] in sent
    assert {len(frame) for frame in sent} == {len(whole) - 4}


def test_what_comes_from_another_link_is_not_sent_on_ethernet(shell: Shell, tmp_path: Path) -> None:
    path = tmp_path / "a.pcap"
    whole = pcap([(0, corpus()[0][1][14:])])
    path.write_bytes(whole[:20] + struct.pack("<I", 101) + whole[24:])
    shell.run(f"capture load {path}")
    for line in ("resend 1 to you", "edit 1 ip.ttl=3"):
        assert "link type 101" in shell.fail(line)
