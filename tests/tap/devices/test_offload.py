"""What the kernel leaves to us over the TAP in benchmark mode: several TCP segments in one, and checksums."""

from __future__ import annotations

import hashlib
import json
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aether.lab import listen
from aether.link.tap import NEEDS_CSUM
from aether.sockets import TcpSocket
from aether.wire import ipv4
from aether.wire.checksum import pseudo_header_sum, transport_checksum_ok
from tests.tap.harness import KernelLab, wait_until
from tests.tap.peers.test_transfers import CHUNK, CLIENT, MB, Hashing, Sending

US, THEM = bytes((192, 168, 1, 2)), bytes((192, 168, 1, 1))


class Taking(Hashing):
    """Takes what comes; its hash is not the world's, which trace mode keeps copies of."""

    HASH = hashlib.sha256()

    def __init__(self) -> None:
        super().__init__()
        del self.digest

    def ready(self, socket: TcpSocket) -> None:
        if socket.listener is not None:
            socket.accept()
            return
        try:
            while data := socket.receive(CHUNK):
                self.HASH.update(data)
            self.ended = True
            socket.close()
        except BlockingIOError:
            return


@pytest.mark.parametrize("offload", [True, False])
@pytest.mark.parametrize("way", ["up", "down"])
def test_every_byte_arrives(way: str, offload: bool) -> None:
    with KernelLab() as lab:
        core = lab.start("bench", loop_offload=offload)
        end = Hashing() if way == "up" else Sending(30 * MB)
        core.ask(lambda world: listen(world.hosts["you"], 45450, end))
        client = lab.spawn(sys.executable, "-c", CLIENT, way, "45450", str(30 * MB), stdout=subprocess.PIPE)
        printed, _ = client.communicate(timeout=60)
        wait_until(lambda: end.ended, 10)
        assert printed.decode().strip() == end.digest.hexdigest()
        assert lab.tap is not None and lab.tap.unfinished is offload
        segments = core.ask(lambda world: world.hosts["you"].counters["tcp.received"])
        if way == "up":
            assert (segments < 30 * MB // 1448 // 4) is offload
        assert core.ask(lambda world: world.hosts["you"].drops.get("tcp.checksum", 0)) == 0


def test_the_mode_changes_in_the_middle() -> None:
    """What was queued for the one mode is finished for the other."""
    with KernelLab() as lab:
        core = lab.start("trace")
        end = Taking()
        core.ask(lambda world: listen(world.hosts["you"], 45450, end))
        client = lab.spawn(sys.executable, "-c", CLIENT, "up", "45450", str(60 * MB), stdout=subprocess.PIPE)
        wait_until(lambda: core.ask(lambda world: world.hosts["you"].counters.get("tcp.received", 0)) > 100, 10)
        for _ in range(4):
            core.set_mode("bench")
            time.sleep(0.005)
            core.set_mode("trace")
            time.sleep(0.05)
        unfinished = not end.ended
        core.set_mode("bench")
        printed, _ = client.communicate(timeout=100)
        wait_until(lambda: end.ended, 10)
        assert unfinished, "it ended before the mode had changed"
        assert printed.decode().strip() == end.HASH.hexdigest()
        core.set_mode("trace")
        assert lab.tap is not None
        wait_until(lambda: not lab.tap.unfinished, 5)  # type: ignore[union-attr]


PIECE = bytes(i * 19 & 255 for i in range(65_521))


class Giving:
    """Sends pieces, whose number is its whole state."""

    def __init__(self, pieces: int) -> None:
        self.left = pieces
        self.rest = b""
        self.ended = False

    def ready(self, socket: TcpSocket) -> None:
        if socket.listener is not None:
            self.ready(socket.accept())
            return
        try:
            while self.left or self.rest:
                if not self.rest:
                    self.left, self.rest = self.left - 1, PIECE
                self.rest = self.rest[socket.send(self.rest):]
            if not self.ended:
                socket.close()
            self.ended = True
        except BlockingIOError:
            return


SLOW = """
import hashlib, socket, sys, time
s = socket.create_connection(("192.168.1.2", 45450), 30)
s.settimeout(60)
digest = hashlib.sha256()
for _ in range(4):
    time.sleep(0.3)
    digest.update(s.recv(1 << 20))
while data := s.recv(1 << 20): digest.update(data)
print(digest.hexdigest(), flush=True)
"""
"""Takes nothing for a while, again and again, so that the window closes."""


@pytest.mark.parametrize("offload", [True, False])
def test_the_window_closes_and_the_mode_changes_during_a_download(offload: bool) -> None:
    """Frames of several segments are in flight then, and waiting."""
    with KernelLab() as lab:
        core = lab.start("bench", loop_offload=offload)
        end = Giving(600)
        core.ask(lambda world: listen(world.hosts["you"], 45450, end))
        client = lab.spawn(sys.executable, "-c", SLOW, stdout=subprocess.PIPE)
        wait_until(lambda: core.ask(lambda world: any(
            conn.snd_una + conn.snd_wnd - conn.snd_nxt < conn.mss < conn.unsent() and conn.bytes_sent > 30_000
            for conn in world.hosts["you"].tcp.connections.values())), 10)
        core.set_mode("trace")
        time.sleep(0.2)
        core.set_mode("bench")
        printed, _ = client.communicate(timeout=60)
        assert end.ended
        assert printed.decode().strip() == hashlib.sha256(PIECE * 600).hexdigest()


def test_headers_that_ask_for_a_checksum() -> None:
    """One that makes sense is heeded; one that points outside of the frame changes nothing."""
    with KernelLab() as lab:
        core = lab.start()
        core.stop()
        tap = lab.tap
        assert tap is not None
        segment = bytearray(struct.pack(">HHIIHHHH", 7, 8, 1, 2, 0x5010, 100, 0, 0) + b"odd")
        partial = pseudo_header_sum(THEM, US, ipv4.PROTO_TCP, len(segment))
        segment[16:18] = (partial % 0xFFFF).to_bytes(2, "big")
        frame = bytes(34) + segment
        tap.buffer[:len(frame)] = frame
        for start, offset in ((0xFFFF, 0xFFFF), (len(frame), 0), (34, len(segment) - 1), (0, len(frame))):
            tap.raw[:10] = struct.pack("=BBHHHH", NEEDS_CSUM, 0, 0, 0, start, offset)
            assert tap.finished(len(frame)) == frame
        tap.raw[:10] = struct.pack("=BBHHHH", NEEDS_CSUM, 0, 0, 0, 34, 16)
        assert transport_checksum_ok(THEM, US, ipv4.PROTO_TCP, tap.finished(len(frame))[34:])


def test_frames_of_several_segments_are_lost() -> None:
    """Every twentieth frame that we send is lost: each of its segments is sent again."""
    with KernelLab() as lab:
        core = lab.start("bench")
        assert lab.tap is not None
        put_several, sent, lost = lab.tap.put_several, 0, 0

        def losing(head: bytes, payload: list[memoryview], size: int) -> int | None:
            nonlocal sent, lost
            sent += 1
            if sent % 20 == 0:
                lost += 1
                return 1
            return put_several(head, payload, size)

        lab.tap.put_several = losing  # type: ignore[method-assign]
        end = Sending(20 * MB)
        core.ask(lambda world: listen(world.hosts["you"], 45450, end))
        client = lab.spawn(sys.executable, "-c", CLIENT, "down", "45450", str(20 * MB), stdout=subprocess.PIPE)
        printed, _ = client.communicate(timeout=60)
        wait_until(lambda: end.ended, 10)
        assert printed.decode().strip() == end.digest.hexdigest()
        assert lost > 3
        assert core.ask(lambda world: world.hosts["you"].counters["tcp.retransmitted"]) > 2 * lost


SWITCHES = """\
mode trace
status
mode bench
status
knob set loop.offload off
mode bench
knob set loop.offload on
link delay 1ms
status
"""


def test_it_is_said_when_one_changes_the_mode(tmp_path: Path) -> None:
    with KernelLab() as lab:
        script = tmp_path / "script.aes"
        script.write_text(SWITCHES)
        done = lab.shell("--json", str(script))
        assert done.returncode == 0, done.stderr
        trace, traced, bench, fast, _, without, _, _, delayed = [json.loads(line) for line in done.stdout.splitlines()]
        assert trace["hint"] == "offload: off in trace mode: every frame is as it goes on the wire"
        assert traced["offload"] == "off in trace mode: every frame is as it goes on the wire"
        on = "on (the kernel cuts segments of up to 64 KB, and computes checksums)"
        assert bench["hint"].splitlines() == [f"offload: {on}", "`mode trace` brings them back"]
        assert fast["offload"] == on and fast["memory"] > 15e6
        assert without["hint"].startswith("offload: off by the knob loop.offload")
        assert delayed["offload"].startswith("off while the link")
        assert "offload: off in trace mode: every frame" in lab.shell("-c", "status").stdout
