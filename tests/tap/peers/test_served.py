"""A directory on the disk, served by the program to curl, wget, ab and wrk; and its client at a kernel's server."""

from __future__ import annotations

import hashlib
import json
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tap.harness import KERNEL, OURS, KernelLab, wait_until

pytestmark = pytest.mark.needs("tcpdump", "tshark", "capinfos", "curl")

SIZES = (0, 1, 1460, 65_536, 1_000_003, 50_000_000)
URL = f"http://{OURS}"


@pytest.fixture
def site() -> Iterator[tuple[KernelLab, Path]]:
    """A lab in which `http serve` has served a directory, and listens for more lines."""
    with KernelLab() as lab:
        folder = lab.folder / "site"
        (folder / "deep" / "er").mkdir(parents=True)
        for size in SIZES:
            (folder / f"{size}.bin").write_bytes(random.Random(size).randbytes(size))
        (folder / "deep" / "er" / "with blank é.txt").write_text("found")
        (lab.folder / "secret").write_text("secret")
        (folder / "out").symlink_to(lab.folder / "secret")
        (folder / "up").symlink_to(lab.folder)
        program = lab.spawn(
            sys.executable, "-m", "shell", "--tap", "aether0", "--plain", stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert program.stdin is not None and program.stdout is not None
        program.stdin.write(f"knob set loop.offload off\nmode bench\nhttp serve {folder}\n".encode())
        program.stdin.flush()
        said = ""
        while "left out" not in said:
            line = program.stdout.readline().decode()
            assert line, said
            said += line
        assert "7 files" in said, said
        wait_until(lambda: "LOWER_UP" in lab.run("ip", "link", "show", "aether0").stdout, 5)
        lab.capture()
        yield lab, folder


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_a_directory_from_the_disk(site: tuple[KernelLab, Path]) -> None:
    """Byte for byte from nothing to fifty megabytes, in parts and by HEAD alone, and nothing beside the directory."""
    lab, folder = site
    for size in SIZES:
        out = lab.folder / "out"
        lab.run("curl", "-sS", "--fail", "--max-time", "60", "-o", str(out), f"{URL}/{size}.bin", timeout=90)
        got = out.read_bytes() if out.exists() else b""
        assert digest(got) == digest((folder / f"{size}.bin").read_bytes()), size
        out.unlink(missing_ok=True)
        assert f"Content-Length: {size}\r\n".encode() in subprocess.run(
            ["ip", "netns", "exec", lab.name, "curl", "-sSI", f"{URL}/{size}.bin"], capture_output=True, check=True,
            timeout=20).stdout
    part = lab.folder / "part"
    code = lab.run("curl", "-sS", "-r", "49999990-", "-o", str(part), "-w", "%{http_code}", f"{URL}/50000000.bin")
    assert (code.stdout, part.read_bytes()) == ("206", (folder / "50000000.bin").read_bytes()[-10:])
    resumed = lab.folder / "resumed"
    resumed.write_bytes((folder / "1000003.bin").read_bytes()[:1234])
    lab.run("curl", "-sS", "-C", "-", "-o", str(resumed), f"{URL}/1000003.bin")
    assert resumed.read_bytes() == (folder / "1000003.bin").read_bytes()
    assert lab.run("curl", "-sS", f"{URL}/deep/er/with%20blank%20%C3%A9.txt").stdout == "found"
    for path in ("/out", "/up/secret", "/../secret", "/deep/../../secret", "/%2e%2e/secret", "/deep/..%2f..%2fsecret",
                 "/%252e%252e%252fsecret", "/..%5csecret", "//secret", f"/{lab.folder}/secret", "/out%00",
                 "/..%c0%afsecret", "/%e0%80%ae%e0%80%ae/secret", "/deep/er/../../../secret"):
        done = lab.run("curl", "-sS", "--path-as-is", "--max-time", "10", "-w", "%{http_code}", URL + path)
        assert done.stdout[-3:] in ("400", "404"), (path, done.stdout)
        assert "secret" not in done.stdout.replace(path, ""), (path, done.stdout)
    lab.judge()


@pytest.mark.needs("wget", "ab", "wrk")
def test_the_usual_programs(site: tuple[KernelLab, Path]) -> None:
    """wget takes the tree, ab and wrk ask again and again over kept connections, and none of them has an error."""
    lab, folder = site
    mirror = lab.folder / "mirror"
    lab.run("wget", "-q", "-r", "-np", "-nH", "-e", "robots=off", "--tries=1", "-T", "30", "-P", str(mirror), f"{URL}/",
            timeout=90)
    for size in SIZES:
        assert digest((mirror / f"{size}.bin").read_bytes()) == digest((folder / f"{size}.bin").read_bytes()), size
    assert (mirror / "deep" / "er" / "with blank é.txt").read_text() == "found"
    report = lab.run("ab", "-q", "-k", "-n", "2000", "-c", "20", f"{URL}/1460.bin").stdout
    for name, count in (("Complete", 2000), ("Failed", 0), ("Keep-Alive", 2000)):
        assert re.search(rf"{name} requests:\s+{count}\n", report), report
    lab.judge()  # before wrk, whose half a million frames would take it a while
    report = lab.run("wrk", "-t", "1", "-c", "10", "-d", "2s", f"{URL}/65536.bin").stdout
    assert "Socket errors" not in report and "Non-2xx" not in report, report


SERVER = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        chunked, away = self.path == "/chunked", self.path in ("/a", "/b")
        self.send_response(302 if away else 200)
        if away:
            self.send_header("Location", {"/a": "b", "/b": "/chunked"}[self.path])
        self.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", "4")))
        self.end_headers()
        if chunked:
            for size in (1, 1000, 65_536):
                self.wfile.write(b"%x\\r\\n" % size + b"x" * size + b"\\r\\n")
            self.wfile.write(b"0\\r\\n\\r\\n")
        else:
            self.wfile.write(b"four")
    def log_message(self, form, *rest):
        print(self.client_address[1], self.path, flush=True)
http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
"""


def test_our_client_at_a_server_of_the_kernel() -> None:
    """RFC 9112 §7.1, RFC 9112 §9.3, RFC 9110 §15.4: two redirections and a chunked answer over one connection."""
    with KernelLab() as lab:
        log = (lab.folder / "server.log").open("wb")
        lab.spawn(sys.executable, "-c", SERVER, stdout=log, stderr=subprocess.DEVNULL)
        wait_until(lambda: ":8000" in lab.run("ss", "-ltnH").stdout, 10)
        done = lab.shell("-c", f"http get http://{KERNEL}:8000/a --json")
        found = json.loads(done.stdout)
        assert (found["status"], found["length"], found["error"]) == (200, 66_537, ""), found
        assert [each.rpartition("/")[2] for each in found["redirects"]] == ["a", "b"]
        log.close()
        asked = [line.split() for line in (lab.folder / "server.log").read_text().splitlines()]
        assert [path for _, path in asked] == ["/a", "/b", "/chunked"]
        assert len({port for port, _ in asked}) == 1, "all of it went over one connection"
