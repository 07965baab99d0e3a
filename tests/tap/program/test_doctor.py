"""`aether-shell doctor` on machines where a real lab cannot be had, made of namespaces: it says why, and mends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.tap.harness import ROOT, KernelLab

DOCTOR = f"{sys.executable} -m shell doctor --json"


@pytest.fixture
def lab() -> Iterator[KernelLab]:
    with KernelLab() as one:
        yield one


def findings(said: str) -> dict[str, dict[str, Any]]:
    return {each["what"]: each for each in json.loads(said)["findings"]}


def asked(lab: KernelLab, *options: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the exit status, and what doctor finds in the lab's namespace."""
    done = lab.run(*DOCTOR.split(), *options, check=False)
    return done.returncode, findings(done.stdout)


def between(first: str, what: str, how: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Break something in namespaces of our own, ask doctor, type what it says, and ask again; return both findings.

    `how` are the namespaces, for unshare(1).
    """
    ask = f'{DOCTOR} --for lab; echo "status $?"'
    script = f'{first}\n{ask}; eval "$MEND" >/dev/null; {ask}'
    said: list[dict[str, Any]] = []
    mend = ":"
    for _ in range(2):  # once to hear what to type, and once to type it, since nothing of the first is left
        done = subprocess.run(
            ["unshare", *how.split(), "bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120,
            env={**os.environ, "MEND": mend}, check=True)
        before, _, rest = done.stdout.partition("status ")
        broken, _, after = rest.partition("\n")
        said = [findings(before)[what], findings(after.partition("status ")[0])[what]]
        assert broken == "1"
        mend = said[0]["mend"]
    assert after.rpartition("status ")[2].strip() == "0", after
    return said[0], said[1]


@pytest.mark.needs("unshare")
def test_no_device() -> None:
    """Its name is gone, and the driver is there: a container that was started without it."""
    before, after = between("mount -t tmpfs none /dev/net", "/dev/net/tun", "--mount")
    assert before["state"] == "broken"
    assert "only its name is missing" in before["said"]
    assert after["state"] == "works"


@pytest.mark.needs("unshare")
def test_no_private_network() -> None:
    """The system allows nobody another network namespace."""
    before, after = between(
        "echo 0 > /proc/sys/user/max_net_namespaces", "private network", "--user --map-root-user --mount")
    assert before["state"] == "broken"
    assert before["mend"] == "sysctl -w user.max_net_namespaces=15000"
    assert after["state"] == "works"


@pytest.mark.needs("unshare", "mount")
def test_a_home_on_a_read_only_disk(lab: KernelLab) -> None:
    home = lab.folder / "home"
    home.mkdir()
    script = (f'mount -t tmpfs -o ro none {home}; export XDG_STATE_HOME={home}/state; {DOCTOR}; '
              f'eval "$MEND"; {DOCTOR}')
    mend, found = ":", {}
    for _ in range(2):
        done = subprocess.run(["unshare", "--mount", "bash", "-c", script], cwd=ROOT, capture_output=True, text=True,
                              timeout=120, env={**os.environ, "MEND": mend}, check=True)
        documents = [findings(part) for part in split(done.stdout)]
        assert documents[0]["history"]["state"] == "limited"
        mend, found = documents[0]["history"]["mend"], documents[1]["history"]
    assert found["state"] == "works"


def split(text: str) -> list[str]:
    """Return the JSON documents that follow each other in a text."""
    found, decoder = [], json.JSONDecoder()
    while text.strip():
        _, end = decoder.raw_decode(text.lstrip())
        found.append(text.lstrip()[:end])
        text = text.lstrip()[end:]
    return found


def test_another_way_to_the_subnet(lab: KernelLab) -> None:
    """As in most home networks; what it says to type does open a lab."""
    for line in ("ip link add wlan0 type veth peer name wlan1", "ip address add 192.168.1.77/24 dev wlan0",
                 "ip link set wlan0 up"):
        lab.run(*line.split())
    status, found = asked(lab)
    assert (status, found["routes"]["state"]) == (0, "limited")
    assert "192.168.1.0/24" in found["routes"]["said"]
    assert found["routes"]["mend"] == "aether-shell --subnet 10.77.0.0/24"
    options = found["routes"]["mend"].split()[1:]
    done = lab.run(sys.executable, "-m", "shell", "--no-config", *options, "--plain", "-c", "status", check=False)
    assert done.returncode == 0, done.stderr
    assert "10.77.0.2" in done.stdout


def test_a_device_that_nobody_has(lab: KernelLab) -> None:
    lab.run("ip", "tuntap", "add", "aether0", "mode", "tap")
    status, found = asked(lab)
    assert (status, found["device aether0"]["state"]) == (0, "limited")
    lab.run("sh", "-c", found["device aether0"]["mend"])
    assert "aether0" not in lab.run("ip", "link").stdout


def test_a_device_that_somebody_has_is_no_leftover(lab: KernelLab) -> None:
    lab.start()
    assert "device aether0" not in asked(lab)[1]


def test_a_namespace_whose_process_has_ended(lab: KernelLab) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    name = f"aether-{ended.pid}-doctor"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        found = asked(lab)[1]
        assert f"namespace {lab.name}" not in found, "its process runs"
        assert found[f"namespace {name}"]["state"] == "limited"
        subprocess.run(found[f"namespace {name}"]["mend"], shell=True, check=True)
        listed = subprocess.run(["ip", "netns"], capture_output=True, text=True, check=True).stdout
        assert name not in listed
    finally:
        subprocess.run(["ip", "netns", "delete", name], capture_output=True, check=False)


@pytest.mark.needs("setpriv")
def test_root_without_rights(lab: KernelLab) -> None:
    """As in a container: root by name, and the network is not to be changed."""
    done = lab.run("setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin", *DOCTOR.split(),
                   "--for", "tap", check=False)
    found = findings(done.stdout)
    assert (done.returncode, found["root"]["state"]) == (1, "broken")
    assert "CAP_NET_ADMIN" in found["root"]["said"]
    assert json.loads(done.stdout)["labs"]["sim"]
