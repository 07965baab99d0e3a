"""Files served to curl, wget, ab and wrk, byte for byte."""

from __future__ import annotations

import base64
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from aether.engine.core import Core
from aether.operations.services import HttpFile, HttpServe
from tests.tap.harness import OURS, KernelLab

pytestmark = pytest.mark.needs("tcpdump", "tshark", "capinfos", "curl")

SIZES = (0, 1, 1459, 1460, 1461, 65_535, 65_536, 1_000_003, 50_000_000)
URL = f"http://{OURS}"


def serve(core: Core, sizes: tuple[int, ...] = SIZES) -> dict[str, bytes]:
    """Serve files of these sizes, with random bytes in them."""
    core.do(HttpServe(epoch=784_111_777_000_000))
    files = {f"/data/{size}.bin": random.Random(size).randbytes(size) for size in sizes}
    files["/data/page.html"] = b"<!DOCTYPE html>\n<a href='0.bin'>nothing</a> <a href='1.bin'>something</a>\n"
    for path, data in files.items():
        core.do(HttpFile(path=path, data=data, modified=784_111_777))
    return files


def test_every_file_byte_for_byte() -> None:
    with KernelLab() as lab:
        core = lab.start("bench")
        files = serve(core)
        lab.capture()
        for path, data in files.items():
            out = lab.folder / "out"
            lab.run("curl", "-sS", "--fail", "--max-time", "60", "-o", str(out), URL + path, timeout=90)
            got = out.read_bytes() if out.exists() else b""
            assert hashlib.sha256(got).digest() == hashlib.sha256(data).digest(), path
            out.unlink(missing_ok=True)
            head = lab.run("curl", "-sSI", "--max-time", "10", URL + path).stdout
            assert f"Content-Length: {len(data)}\n" in head.replace("\r", "")
        data = files["/data/1000003.bin"]
        for text, part in (("0-0", data[:1]), ("1000-70000", data[1000:70_001]), ("-5", data[-5:]),
                           ("1000000-", data[1_000_000:])):
            done = lab.run("curl", "-sS", "-r", text, "-o", str(lab.folder / "part"), "-w", "%{http_code}",
                           "--max-time", "10", f"{URL}/data/1000003.bin")
            assert (done.stdout, (lab.folder / "part").read_bytes()) == ("206", part)
        lab.judge()


BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
BROWSED = """<!DOCTYPE html><title>lab</title><p id="said">nothing yet</p><script>
Promise.all([1460, 65536, 1000003].map(size => fetch(`/data/${size}.bin`).then(answer => answer.arrayBuffer())
    .then(data => sum_of(new Uint8Array(data))))).then(sums => {
        document.getElementById("said").textContent = sums.join(" ") + " all there"; });
function sum_of(bytes) { let sum = 0; for (const byte of bytes) sum = (sum * 31 + byte) % 1000003; return sum; }
</script>"""


def check_a_browser() -> None:
    """A page whose script fetches files over several connections at a time, and adds up what it got."""
    with KernelLab() as lab:
        core = lab.start("bench")
        files = serve(core)
        core.do(HttpFile(path="/data/browsed.html", data=BROWSED.encode(), modified=784_111_777))
        lab.capture()
        dom = lab.run(
            str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={lab.folder}/profile",
            "--disable-background-networking", "--virtual-time-budget=20000", "--dump-dom",
            f"{URL}/data/browsed.html", timeout=90).stdout
        sums = []
        for size in (1460, 65_536, 1_000_003):
            total = 0
            for byte in files[f"/data/{size}.bin"]:
                total = (total * 31 + byte) % 1_000_003
            sums.append(str(total))
        assert f"{' '.join(sums)} all there" in dom
        lab.judge()


@pytest.mark.large("browser")
@pytest.mark.skipif(not BROWSER, reason="a browser is large, and so not among what has to be installed")
def test_a_browser_fetches_every_byte() -> None:
    check_a_browser()


@pytest.mark.needs("wget")
def test_wget_takes_the_whole_directory() -> None:
    with KernelLab() as lab:
        core = lab.start()
        files = serve(core, SIZES[:-1])
        lab.capture()
        folder = lab.folder / "mirror"
        lab.run("wget", "-q", "-r", "-np", "-nH", "-e", "robots=off", "--tries=1", "-T", "10", "-P", str(folder),
                f"{URL}/data/", timeout=60)
        for path, data in files.items():
            assert Path(str(folder) + path).read_bytes() == data, path
        again = lab.run("wget", "-N", "-nv", "--tries=1", "-P", str(folder / "data"), f"{URL}/data/1460.bin")
        assert "1460.bin" not in again.stderr, "what has not changed is not sent again"
        lab.judge()


@pytest.mark.needs("ab")
@pytest.mark.parametrize("mode", ["trace", "bench"])
def test_ab_with_keep_alive(mode: str) -> None:
    with KernelLab() as lab:
        core = lab.start(mode)
        serve(core, (1460, 65_536))
        lab.capture()
        for name, count in (("1460.bin", 5000), ("65536.bin", 500)):
            report = lab.run("ab", "-q", "-k", "-n", str(count), "-c", "20", f"{URL}/data/{name}", timeout=120).stdout
            assert re.search(rf"Complete requests:\s+{count}\n", report), report
            assert re.search(r"Failed requests:\s+0\n", report), report
            assert re.search(rf"Keep-Alive requests:\s+{count}\n", report), report
            assert "Non-2xx" not in report
        lab.judge()


@pytest.mark.needs("wrk")
def test_wrk_with_keep_alive() -> None:
    with KernelLab() as lab:
        core = lab.start("bench")
        serve(core, (1460,))
        report = lab.run("wrk", "-t", "1", "-c", "10", "-d", "2s", f"{URL}/data/1460.bin").stdout
        assert "Socket errors" not in report, report
        assert "Non-2xx" not in report, report
        assert int(re.search(r"(\d+) requests in", report)[1]) > 500  # type: ignore[index]


def test_no_way_out_of_the_directory() -> None:
    """Every encoding that has ever worked somewhere."""
    with KernelLab() as lab:
        core = lab.start()
        serve(core, (1,))
        lab.capture()
        for path in (
            "/../etc/passwd", "/data/../../etc/passwd", "/%2e%2e/etc/passwd", "/..%2fetc/passwd",
            "/%2e%2e%2fetc%2fpasswd", "/..%5cetc/passwd", "/%252e%252e/etc/passwd", "/%c0%ae%c0%ae/etc/passwd",
            "//etc/passwd", "/etc/passwd%00.txt", "/data/..;/etc/passwd",
            "/.../etc/passwd", "/%u002e%u002e/etc/passwd", "/./etc/passwd",
        ):
            done = lab.run("curl", "-sS", "--path-as-is", "--max-time", "10", "-w", "%{http_code}", URL + path)
            assert done.stdout[-3:] in ("400", "404"), (path, done.stdout)
            assert "root:" not in done.stdout
        lab.judge()


def test_a_post_is_refused_politely() -> None:
    with KernelLab() as lab:
        core = lab.start()
        serve(core, (1,))
        lab.capture()
        upload = lab.folder / "upload"
        for size, code in ((1000, "405"), (100_000, "405"), (3_000_000, "413")):
            upload.write_bytes(os.urandom(size))
            for header in ("Transfer-Encoding: chunked", "X: y"):
                done = lab.run(
                    "curl", "-sS", "--max-time", "20", "-o", os.devnull, "-w", "%{http_code}", "-H", header,
                    "--data-binary", f"@{upload}", f"{URL}/", check=False)
                assert done.stdout == code, (size, header, done)
        lab.judge()


REFUSED = {
    "no HTTP": (b"nonsense\r\n\r\n", 400), "no Host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "no such file": (b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    "not allowed": (b"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    "too large": (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n", 413),
    "a long line": (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
    "a long head": (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 20_000 + b"\r\n\r\n", 431),
    "no such method": (b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
    "an unknown coding": (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
    "never finished": (b"GET / HTTP/1.1\r\nHost: a\r\n", 408),
    "out, as a URL": (b"GET http://a/../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "out, with a backslash": (b"GET \\..\\..\\etc\\passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "out, in bytes": (b"GET /\xc0\xae\xc0\xae/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "out, in wide dots": ("GET /\uff0e\uff0e/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n".encode(), 400),
    "out, half encoded": (b"GET /.%2e/.%2E/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    "out, with a null byte": (b"GET /..%00/etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", 400),
}
"""What a client may send, and the status that it gets."""

ASK = """
import base64, socket, sys
connections = []
for line in sys.stdin:
    one = socket.create_connection((sys.argv[1], 80), 40)
    one.sendall(base64.b64decode(line))
    connections.append(one)
for one in connections:
    print(one.makefile("rb").readline().decode().split()[1], flush=True)
"""


def test_every_refusal() -> None:
    """RFC 9110 §15.5, §15.6.2, RFC 6585 §5: each status from a kernel's socket, the last after a time-out of 15 s."""
    with KernelLab() as lab:
        core = lab.start()
        serve(core, (1,))
        lab.capture()
        lines = "\n".join(base64.b64encode(data).decode() for data, _ in REFUSED.values())
        done = subprocess.run(
            ["ip", "netns", "exec", lab.name, sys.executable, "-c", ASK, OURS], input=lines, capture_output=True,
            text=True, timeout=60, check=True)
        got = dict(zip(REFUSED, map(int, done.stdout.split()), strict=True))
        assert got == {name: status for name, (_, status) in REFUSED.items()}
        lab.judge()
