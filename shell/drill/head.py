"""What stands at the head of a script: options of packetdrill, and comments that are for us."""

from __future__ import annotations

import re
from collections.abc import Callable

from aether import knobs
from shell.drill.errors import Place, ScriptError
from shell.drill.script import Script, ScriptOptions

IGNORED = (
    "init_scripts", "speed", "verbose", "dry_run", "non_fatal", "so_filename", "so_flags", "persistent_tun_dev",
    "wire_client_dev", "wire_server_dev", "tcp_ts_ecr_scaled", "code_command", "code_format", "code_sockopt",
)
"""Options of packetdrill that say how it runs, not what is tested; they may stand there."""
_DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(aether|kernel):[ \t]*(.*?)[ \t]*$", re.MULTILINE)


def read_option(options: ScriptOptions, text: str, place: Place, file: str) -> None:
    """Take one option of the first lines; ScriptError for one that there is not, or a value that makes no sense."""
    name, equals, value = text[2:].partition("=")

    def wrong(problem: str) -> ScriptError:
        return ScriptError(problem, place, file)

    def number(low: int, high: int) -> int:
        if not value.isdigit() or len(value) > 10 or not low <= int(value) <= high:
            raise wrong(f"--{name} is a number from {low} to {high}, not {value!r}")
        return int(value)

    def address() -> str:
        ip = value.partition("/")[0]
        parts = ip.split(".")
        if len(parts) != 4 or not all(part.isdigit() and len(part) < 4 and int(part) < 256 for part in parts):
            raise wrong(f"--{name} is an IPv4 address, not {value!r}")
        return ip

    def netmask() -> int:
        bits = int.from_bytes(bytes(map(int, address().split("."))), "big")
        prefix = bits.bit_count()
        if bits != (0xFFFFFFFF << 32 - prefix) & 0xFFFFFFFF or not 1 <= prefix <= 30:
            raise wrong(f"--{name} is a netmask such as 255.255.0.0, not {value!r}")
        return prefix

    def version() -> None:
        if value != "ipv4":
            raise wrong(f"--ip_version is ipv4 here; {value!r} cannot be played yet")

    def protocol() -> None:
        if value not in ("ipv4", "tcp", "udp"):
            raise wrong(f"{value!r} cannot be played")

    takes: dict[str, tuple[str, Callable[[], object]]] = {
        "tolerance_usecs": ("tolerance", lambda: number(0, 10_000_000)),
        "mtu": ("mtu", lambda: number(68, 65_535)),
        "local_ip": ("local_ip", address), "gateway_ip": ("gateway_ip", address), "remote_ip": ("remote_ip", address),
        "netmask_ip": ("prefix", netmask),
        "bind_port": ("bind_port", lambda: number(1, 65_535)),
        "connect_port": ("connect_port", lambda: number(1, 65_535)),
        "tcp_ts_tick_usecs": ("timestamp_tick", lambda: number(0, 1_000_000)),
        "ip_version": ("", version), "wire_protocol": ("", protocol),
    }
    if name in IGNORED:
        return
    if name not in takes:
        raise wrong(f"no option --{name} here. There are: {', '.join(f'--{each}' for each in takes)}")
    if not equals:
        raise wrong(f"expected --{name}=VALUE")
    attribute, take = takes[name]
    found = take()
    if attribute:
        setattr(options, attribute, found)


def directives(script: Script) -> None:
    """Take the comments that say what a script needs; ScriptError for one that says something else."""
    for match in _DIRECTIVE.finditer(script.source):
        line = script.source.count("\n", 0, match.start()) + 1
        place = Place(line, match.start(1) - script.source.rfind("\n", 0, match.start(1)))
        if match[1] == "aether":
            _aether(script, match[2], place)
        else:
            _kernel(script, match[2], place)


def _aether(script: Script, text: str, place: Place) -> None:
    word, _, rest = text.replace(",", " ", 1).partition(" ") if text.startswith("differs") else text.partition(" ")
    rest = rest.strip()
    if word == "differs" and rest:
        script.aether_differs = rest
    elif word == "knob" and "=" in rest:
        name, _, value = (part.strip() for part in rest.partition("="))
        try:
            knobs.parse(knobs.find(name), value)
        except knobs.KnobError as problem:
            raise ScriptError(str(problem), place, script.file) from None
        script.knobs[name] = value
    elif text == "calls inside":
        script.calls_inside = True
    elif word == "profile" and rest in knobs.PROFILES:
        script.profile = rest
    elif word == "seed" and rest.isdigit() and len(rest) < 20:
        script.seed = int(rest)
    else:
        raise ScriptError(
            f"expected `# aether: knob NAME=VALUE`, `profile {' or '.join(knobs.PROFILES)}`, `seed NUMBER`, "
            f"`calls inside` or `differs, REASON`, not {text!r}", place, script.file)


def _kernel(script: Script, text: str, place: Place) -> None:
    word, _, rest = text.replace(",", " ", 1).partition(" ")
    rest = rest.strip()
    tolerance = knobs.scaled(rest, knobs.TIMES) if word == "tolerance" else None
    if word == "differs" and rest:
        script.kernel_differs = rest
    elif tolerance is not None and tolerance <= 10_000_000:
        script.kernel_tolerance = tolerance
    else:
        raise ScriptError(
            f"expected `# kernel: differs, REASON` or `# kernel: tolerance TIME`, not {text!r}", place, script.file)
