"""What of this machine a TAP needs: the device, rights, a free subnet; and the programs behind it."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from shell.program.doctor.finding import BROKEN, LAB, LIMITED, TAP, UNUSABLE, WORKS, Finding, as_root

DEVICE = Path("/dev/net/tun")
NODE = "mkdir -p /dev/net && mknod /dev/net/tun c 10 200 && chmod 666 /dev/net/tun"
APPARMOR = "kernel.apparmor_restrict_unprivileged_userns"
ALLOWED = {
    "/proc/sys/user/max_user_namespaces": ("user.max_user_namespaces", "0", "15000"),
    "/proc/sys/user/max_net_namespaces": ("user.max_net_namespaces", "0", "15000"),
    "/proc/sys/kernel/unprivileged_userns_clone": ("kernel.unprivileged_userns_clone", "0", "1"),
    f"/proc/sys/{APPARMOR.replace('.', '/')}": (APPARMOR, "1", "0"),
}
"""By file: a setting, the value that forbids users a private network, and one that allows it."""
PROGRAMS = {
    "ping": "iputils-ping", "curl": "curl", "nc": "netcat-openbsd", "wireshark": "wireshark", "tshark": "tshark",
}
"""Programs that Aether can use, and Debian's packages of them."""
USES = {"ping": "`host ping`", "curl": "`host http get`", "nc": "`host connect` and `host send`",
        "wireshark": "`capture live` for Wireshark", "tshark": "captures on the command line"}
INSTALLERS = {"apt-get": "apt-get install", "dnf": "dnf install", "pacman": "pacman -S", "apk": "apk add"}


def look() -> Iterator[Finding]:
    """Look at all that a real lab needs."""
    if not sys.platform.startswith("linux"):
        yield Finding("system", BROKEN, f"{sys.platform}: TAP devices are opened on Linux only",
                      "aether-shell --sim", (LAB, TAP))
        return
    device = _device()
    yield device
    yield _private(device)
    yield _rights()
    yield _routes()
    yield _programs()


def _device() -> Finding:
    """Open the device, which is what tells."""
    both = (LAB, TAP)
    what = str(DEVICE)
    try:
        os.close(os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK))
    except OSError as problem:
        said = f"cannot be opened: {problem.strerror}"
        if problem.errno == errno.EACCES and stat.S_ISCHR(DEVICE.stat().st_mode):
            return Finding(what, BROKEN, said, as_root(f"chmod 666 {DEVICE}"), both)
        if problem.errno == errno.EPERM:
            return Finding(what, BROKEN, f"{said}. The container that this is forbids it",
                           "docker run --device /dev/net/tun --cap-add NET_ADMIN …", both)
        if _driver():
            node = f"rm -rf {DEVICE} && {NODE}" if os.path.lexists(DEVICE) else NODE
            return Finding(what, BROKEN, f"{said}. The kernel has the driver, and only its name is missing",
                           node if os.geteuid() == 0 else f"sudo sh -c '{node}'", both)
        return Finding(what, BROKEN, f"{said}. The kernel's driver is not loaded", as_root("modprobe tun"), both)
    return Finding(what, WORKS, "can be opened")


def _driver() -> bool:
    try:
        return any(line.split()[-1:] == ["tun"] for line in Path("/proc/misc").read_text().splitlines())
    except OSError:
        return False


def _private(device: Finding) -> Finding:
    """Make a private network and a TAP in it, in a process of its own, which ends with both."""
    what = "private network"
    if device.state != WORKS:
        return Finding(what, BROKEN, f"needs {DEVICE}", device.mend, (LAB,))
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = "cannot be made"
        try:
            said = _try_private()
        except BaseException as problem:  # it is told, whatever it is: this process has nobody else to tell it
            said = f"cannot be made: {type(problem).__name__}: {problem}"
        finally:
            os.write(writer, said.encode(errors="replace")[:4000])
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, encoding="utf-8") as answer:
        said = answer.read()
    os.waitpid(pid, 0)
    if not said:
        return Finding(what, WORKS, "was made, with a TAP in it" + ("" if os.geteuid() == 0 else ", without root"))
    for file, (name, forbidden, value) in ALLOWED.items():
        try:
            if Path(file).read_text().strip() == forbidden and (os.geteuid() != 0 or name.startswith("user.")):
                mend = as_root(f"sysctl -w {name}={value}")
                return Finding(what, BROKEN, f"{name} is {forbidden}: {said}", mend, (LAB,))
        except OSError:
            continue
    return Finding(what, BROKEN, said, "docker run --privileged …" if os.geteuid() == 0 else "sudo aether-shell --lab",
                   (LAB,))


def _try_private() -> str:
    """Return why there is no TAP in a private network to be had; empty if there is."""
    try:
        from aether.link.tap import Tap
        from shell.lab import namespace
        from shell.language.grammar import CommandError
    except UNUSABLE as problem:
        return f"cannot be tried: {problem}"
    try:
        namespace.enter_private()
        Tap("aether0").close()
    except (CommandError, OSError) as problem:
        return str(problem).partition(". Use ")[0]
    return ""


def _rights() -> Finding:
    """Tell whether a TAP could be made in this machine's own network."""
    if os.geteuid() != 0:
        if shutil.which("sudo"):
            return Finding("root", WORKS, "not now; `sudo aether-shell` has it, and gives it back")
        return Finding("root", BROKEN, "this user is not root, and there is no sudo", "aether-shell --lab", (TAP,))
    if not _capable():
        return Finding("root", BROKEN, "root, but without CAP_NET_ADMIN, as in a container",
                       "docker run --cap-add NET_ADMIN --device /dev/net/tun …", (TAP,))
    if os.environ.get("SUDO_UID"):
        return Finding("root", WORKS, "through sudo, and given back as soon as the TAP is open")
    return Finding("root", WORKS, "nobody called sudo, so it is not given back")


def _capable() -> bool:
    """Tell whether this process may set networks up (CAP_NET_ADMIN is bit 12)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return any(line.startswith("CapEff:") and int(line.split()[1], 16) >> 12 & 1 for line in lines)


def _routes() -> Finding:
    """Tell whether this machine reaches the lab's subnet another way."""
    try:
        from aether.lab import HOST_ADDRESS, PREFIX
        from shell.lab import DEFAULT_TAP, network
    except UNUSABLE as problem:
        return Finding("routes", BROKEN, f"cannot be read: {problem}", "aether-shell --sim", (TAP,))
    try:
        network.refuse_conflict(HOST_ADDRESS, PREFIX, DEFAULT_TAP)
    except network.NetworkError as problem:
        said, _, ways = str(problem).partition(". Choose ")
        other = next((word for word in ways.replace(",", "").split() if "/" in word), "")
        instead = f"--subnet {other}" if other else "--lab"
        return Finding("routes", LIMITED, said, as_root(f"aether-shell {instead}"))
    except UNUSABLE as problem:
        return Finding("routes", BROKEN, f"cannot be read: {problem}", "aether-shell --sim", (TAP,))
    return Finding("routes", WORKS, f"nothing else leads to {HOST_ADDRESS}/{PREFIX}")


def _programs() -> Finding:
    """Tell which programs behind a TAP there are."""
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if not absent:
        return Finding("programs", WORKS, ", ".join(PROGRAMS))
    uses = "; ".join(f"{name}: {USES[name]}" for name in absent)
    installer = next((how for name, how in INSTALLERS.items() if shutil.which(name)), "apt-get install")
    return Finding("programs", LIMITED, f"not here, and used where they are: {uses}",
                   as_root(f"{installer} {' '.join(PROGRAMS[name] for name in absent)}"))
