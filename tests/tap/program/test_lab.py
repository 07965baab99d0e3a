"""The real lab's set-up: conflicts, private networks, and root given back for good."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from shell.lab import network
from tests.tap.harness import KERNEL, OURS, ROOT, KernelLab, wait_until

NOBODY = 65534


@pytest.fixture
def lab() -> Iterator[KernelLab]:
    """A namespace of this test's own."""
    with KernelLab() as made:
        yield made


def ip(lab: KernelLab, *words: str) -> None:
    lab.run("ip", *words)


def python(lab: KernelLab, code: str, **environment: str) -> str:
    """Run Python inside, and return what it printed; it must not fail."""
    done = subprocess.run(
        ["ip", "netns", "exec", lab.name, sys.executable, "-c", code], capture_output=True, text=True, timeout=60,
        cwd=ROOT, env={**os.environ, **environment}, check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout.strip()


class TestConflict:
    """What is taken, and what is not."""

    def refusal(self, lab: KernelLab, address: str = KERNEL, prefix: int = 24) -> str:
        with lab.inside():
            try:
                network.refuse_conflict(address, prefix, "aether0")
            except network.NetworkError as problem:
                return str(problem)
        return ""

    def dummy(self, lab: KernelLab, name: str, *addresses: str) -> None:
        ip(lab, "link", "add", name, "type", "veth", "peer", "name", name + "p")
        ip(lab, "link", "set", name, "up")
        ip(lab, "link", "set", name + "p", "up")
        for address in addresses:
            ip(lab, "addr", "add", address, "dev", name)

    @pytest.mark.parametrize("address", ["192.168.1.77/24", "192.168.1.77/32", "192.168.77.1/16", "192.168.1.130/25"])
    def test_any_overlap(self, lab: KernelLab, address: str) -> None:
        self.dummy(lab, "home0", address)
        said = self.refusal(lab)
        assert "192.168.1.0/24" in said
        assert "--subnet 10.77.0.0/24" in said
        assert "--lab" in said
        assert not self.refusal(lab, "10.77.0.1")

    def test_only_a_free_network_is_proposed(self, lab: KernelLab) -> None:
        self.dummy(lab, "home0", "192.168.1.77/24", "10.0.0.1/8")
        said = self.refusal(lab)
        assert "10.77.0.0" not in said
        assert "--subnet 172.30.77.0/24" in said
        assert not self.refusal(lab, "172.30.77.1")
        ip(lab, "addr", "add", "172.30.0.1/16", "dev", "home0")
        said = self.refusal(lab)
        assert "--subnet" not in said
        assert "--lab" in said

    def test_default_routes_are_no_conflict(self, lab: KernelLab) -> None:
        """Nor are the two halves of everything that VPNs use for one."""
        self.dummy(lab, "home0", "10.9.0.1/24")
        ip(lab, "route", "add", "default", "via", "10.9.0.2")
        ip(lab, "route", "add", "128.0.0.0/1", "via", "10.9.0.2")
        assert not self.refusal(lab)

    def test_neighbouring_networks_are_no_conflict(self, lab: KernelLab) -> None:
        self.dummy(lab, "home0", "192.168.0.1/24", "192.168.2.1/24")
        assert not self.refusal(lab)

    def test_our_own_device_is_no_conflict(self, lab: KernelLab) -> None:
        ip(lab, "tuntap", "add", "mode", "tap", "name", "aether0")
        ip(lab, "addr", "add", f"{KERNEL}/24", "dev", "aether0")
        ip(lab, "link", "set", "aether0", "up")
        assert not self.refusal(lab)

    def test_a_refused_program_leaves_nothing(self, lab: KernelLab) -> None:
        self.dummy(lab, "home0", "192.168.1.77/24")
        done = lab.shell("-c", "status")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith("aether-shell: this machine reaches 192.168.1.0/24 another way already")
        assert "aether0" not in lab.run("ip", "link").stdout


AS_NOBODY = f"""
import ctypes, os, sys
import encodings.idna, pyroute2, shell.lab, unicodedata
from contextlib import redirect_stdout
from shell.__main__ import main
# Whatever is loaded late is loaded now: it may lie where only root can read.
pyroute2.IPRoute().close()
with open(os.devnull, "w") as nothing, redirect_stdout(nothing):
    main(["--sim", "--plain", "-c", "ping 192.168.1.1 --count 1"])
os.setgroups([]); os.setresgid({NOBODY}, {NOBODY}, {NOBODY}); os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
ctypes.CDLL(None).prctl(4, 1)  # PR_SET_DUMPABLE: as a program that this user started
"""


def with_device(mode: int) -> str:
    """Return code that gives /dev/net/tun this mode, in a mount namespace of its own."""
    return f"""
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_BIND, MS_REC_PRIVATE = 0x20000, 0x1000, 0x44000
assert libc.unshare(CLONE_NEWNS) == 0
assert libc.mount(b"none", b"/", None, MS_REC_PRIVATE, None) == 0
assert libc.mount(b"none", b"/mnt", b"tmpfs", 0, None) == 0
os.mknod("/mnt/tun", 0o20600, os.makedev(10, 200))
os.chmod("/mnt/tun", {mode})
assert libc.mount(b"/mnt/tun", b"/dev/net/tun", None, MS_BIND, None) == 0
"""


class TestWithoutRoot:
    """What ordinary users can have."""

    def test_a_tap_that_was_made_for_the_user(self, lab: KernelLab) -> None:
        """All is there already: nothing has to be set up, so nothing needs root."""
        ip(lab, "tuntap", "add", "mode", "tap", "user", str(NOBODY), "name", "mine0")
        ip(lab, "addr", "add", f"{KERNEL}/24", "dev", "mine0")
        ip(lab, "link", "set", "mine0", "up")
        told = python(lab, AS_NOBODY + f"network = shell.lab.network; network.configure('mine0', '{KERNEL}', 24)\n"
                      "try: network.configure('mine0', '192.168.9.1', 24)\n"
                      "except network.NetworkError as problem: print(problem)")
        assert told == ("no permission to give mine0 the address 192.168.9.1/24. "
                        "Use sudo aether-shell, or a private network: --lab")

    def test_a_private_network_in_a_user_namespace(self, lab: KernelLab) -> None:
        """No root anywhere, and real programs all the same."""
        told = python(lab, with_device(0o666) + AS_NOBODY + (
            "os.environ['SUDO_UID'] = '12345'\n"  # whoever called sudo before has no say here
            "sys.exit(main(['--lab', '--plain', '-c', 'ping 192.168.1.1 --count 2', "
            "'-c', 'host -- ping -c 1 -n 192.168.1.2', '-c', 'host -- ip -br addr']))"))
        assert "2 requests sent, 2 answered" in told
        assert "1 received" in told
        assert "127.0.0.1/8" in told
        assert "aether0" not in lab.run("ip", "link").stdout

    def test_no_device_for_users(self, lab: KernelLab) -> None:
        """/dev/net/tun belongs to root on some systems; then the message names what works."""
        code = with_device(0o600) + AS_NOBODY + (
            "from shell.language.grammar import CommandError; from types import SimpleNamespace as Options\n"
            "options = Options(tap=None, lab=True, subnet=None, address=None, host_address=None, workers=None)\n"
            "try: shell.lab.open_tap(options, 1)\nexcept CommandError as problem: print(problem)")
        assert python(lab, code) == (
            "no permission to open /dev/net/tun. Use sudo aether-shell, or the simulated lab: aether-shell --sim")


class TestRootIsGivenBack:
    """Through sudo, and what may go wrong there."""

    def test_for_good(self, lab: KernelLab) -> None:
        """No user, group or capability of root is left, and the device and the network still work."""
        told = json.loads(python(lab, """
import json, os
from types import SimpleNamespace as Options
from shell.lab import open_tap
options = Options(tap=None, lab=False, subnet=None, address=None, host_address=None, workers=None)
world, queues, lab = open_tap(options, 1)
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
refused = []
for attempt in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0]),
                lambda: os.open("/etc/shadow", os.O_RDONLY)):
    try:
        attempt()
    except PermissionError:
        refused.append(True)
print(json.dumps({
    "ids": [*os.getresuid(), *os.getresgid()], "groups": os.getgroups(), "home": os.environ["HOME"],
    "capabilities": [int(status[name], 16) for name in ("CapPrm", "CapEff", "CapAmb")], "refused": refused,
    "runner": lab.run_program(["sh", "-c", "id -u; id -g; grep CapEff /proc/self/status; echo $HOME"]).output.split(),
    "device": queues.taps[0].read() is None, "note": lab.note,
}))
lab.close()
""", SUDO_UID=str(NOBODY), SUDO_GID=str(NOBODY), SUDO_USER="nobody"))
        assert told == {
            "ids": [NOBODY] * 6, "groups": [NOBODY], "home": "/nonexistent", "capabilities": [0, 0, 0],
            "refused": [True] * 4, "device": True, "note": "",
            "runner": [str(NOBODY), str(NOBODY), "CapEff:", "0000000000000000", "/nonexistent"],
        }
        assert "aether0" not in lab.run("ip", "link").stdout, "closed, and so gone"

    @pytest.mark.parametrize(("environment", "said"), [
        ({"SUDO_UID": "4294967294"}, "SUDO_UID is 4294967294, and there is no such user"),
        ({"SUDO_UID": "4294967295"}, "SUDO_UID should be a number, and is '4294967295'"),
        ({"SUDO_UID": "-1"}, "SUDO_UID should be a number, and is '-1'"),
        ({"SUDO_UID": "65534", "SUDO_GID": "wheel"}, "SUDO_GID should be a number, and is 'wheel'"),
    ])
    def test_nonsense_from_sudo_ends_the_program(
        self, lab: KernelLab, environment: dict[str, str], said: str
    ) -> None:
        """To go on as root would be worse; in the simulated lab as well."""
        for where in ("--tap=aether0", "--lab", "--sim"):
            done = subprocess.run(
                ["ip", "netns", "exec", lab.name, sys.executable, "-m", "shell", where, "-c", "status"],
                capture_output=True, text=True, timeout=60, cwd=ROOT, env={**os.environ, **environment}, check=False,
            )
            assert (done.returncode, done.stdout) == (1, ""), where
            assert said in done.stderr
            assert "Traceback" not in done.stderr
        assert "aether0" not in lab.run("ip", "link").stdout

    @pytest.mark.parametrize("environment", [{}, {"SUDO_UID": "0", "SUDO_GID": "0"}])
    def test_root_itself_stays_and_is_told(self, lab: KernelLab, environment: dict[str, str]) -> None:
        told = python(lab, (
            "import os; [os.environ.pop(name, None) for name in ('SUDO_UID', 'SUDO_GID')]\n"
            f"os.environ.update({environment!r})\n"
            "from types import SimpleNamespace as Options\n"
            "from shell.lab import open_tap; from shell.program.start import intro\n"
            "options = Options(tap=None, lab=True, subnet=None, address=None, host_address=None, workers=None)\n"
            "world, queues, lab = open_tap(options, 1); print(os.getuid())\n"
            "print(intro(Options(lab=lab))); lab.close()"))
        assert told.startswith("0\nAether: TAP aether0.")
        assert "root is not given back" in told


def test_a_device_that_is_removed_is_told_and_the_run_can_be_looked_at(lab: KernelLab) -> None:
    """It is nobody's mistake here. What there was stays, can be asked for and kept, and replayed elsewhere."""
    lines = (f"host ping {OURS}", "host -- ip link del aether0", "run 1s", "status", "frames icmp", "counters",
             f"record {lab.folder}/run.aether")
    done = lab.shell("--plain", *(word for line in lines for word in ("-c", line)))
    said = done.stdout + done.stderr
    assert "aether0 is gone: somebody removed it. The world stands still" in done.stdout
    assert "aether0 is gone: somebody removed it." in done.stderr, "what `run` answers"
    assert "mistake in Aether" not in said and "Traceback" not in said and "internal error" not in said
    assert done.stdout.count("ICMP echo") == 6
    replayed = lab.run(
        sys.executable, "-m", "shell", "--no-config", "--replay", f"{lab.folder}/run.aether", "-c", "frames icmp")
    assert replayed.stdout.count("ICMP echo") == 6


def test_kill_9_while_a_program_runs_leaves_no_namespace(lab: KernelLab) -> None:
    """Whatever still runs in the private network is ended, so the network is gone with it."""
    told = lab.folder / "namespace"
    process = lab.spawn(
        sys.executable, "-m", "shell", "--lab", "-c", f"host -- sh -c 'readlink /proc/self/ns/net > {told}; sleep 300'",
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    wait_until(lambda: told.exists() and bool(told.read_text()), 15)
    name = told.read_text().strip()
    assert inside(name)
    process.kill()
    process.wait()
    wait_until(lambda: not inside(name), 5)


def inside(namespace: str) -> list[str]:
    """Return the processes in a network namespace."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/ns/net") == namespace:
                found.append(pid)
        except OSError:
            continue
    return found
