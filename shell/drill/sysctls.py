"""The sysctl lines that scripts begin with, read as knobs. No program is ever started for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from aether import knobs as knob_declarations
from shell.drill.errors import Place, ScriptError
from shell.drill.script import Script, SysctlLine, SysctlsLine


class Sysctl(NamedTuple):
    """What a sysctl is here: a knob, and how its values are the knob's."""

    knob: str
    """Empty where Aether has one way only, and `value` checks that it is the one that is asked for."""
    value: Callable[[str], str | None]
    """Returns the knob's value; None for one that Aether does not have."""
    choices: str
    """What is possible, for a person."""
    several: Callable[[str], dict[str, str]] | None = None
    """Returns the values of further knobs, where one sysctl is several."""


def _switch(text: str) -> str | None:
    return {"0": "off", "1": "on"}.get(text)


def _of(**values: str) -> Callable[[str], str | None]:
    return {key.strip("_"): value for key, value in values.items()}.get


def _scaled(unit: str) -> Callable[[str], str | None]:
    return lambda text: f"{text}{unit}" if text.isdigit() and len(text) < 12 else None


def _only(*values: str) -> Callable[[str], str | None]:
    return lambda text: text if text in values else None


def _anything(text: str) -> str | None:
    return text


def _bits(text: str) -> int | None:
    """Return the bits of tcp_fastopen; None for what Aether does not have."""
    try:
        value = int(text, 0)
    except ValueError:
        return None
    return value if value >= 0 and not value & ~0x607 else None


def _sides(client: int, server: int) -> Callable[[str], str | None]:
    """Return who may do something, by the bits of the two sides."""

    def said(text: str) -> str | None:
        value = _bits(text)
        if value is None:
            return None
        return ("off", "client", "server", "both")[bool(value & client) + 2 * bool(value & server)]

    return said


def _key_words(text: str) -> str | None:
    words = text.split("-")
    return text if len(words) == 4 and all(_HEX.fullmatch(word) for word in words) else None


def fast_open_key(script: Script) -> bytes:
    """Return the key that a script sets for the cookies of Fast Open; empty if it sets none."""
    for line in script.lines:
        for setting in line.event.settings if isinstance(line.event, SysctlsLine) else ():
            if setting.name == "net.ipv4.tcp_fastopen_key":
                return b"".join(int(word, 16).to_bytes(4, "little") for word in setting.value.split("-"))
    return b""


def _fast_open(text: str) -> dict[str, str]:
    value = _bits(text) or 0
    return {
        "tcp.fastopen_cookieless": _sides(4, 0x200)(text) or "off",
        "tcp.fastopen_listeners": "on" if value & 0x400 else "off",
    }


_HEX = re.compile(r"[0-9a-fA-F]{1,8}")
SYSCTLS: dict[str, Sysctl] = {
    "tcp_sack": Sysctl("tcp.sack", _switch, "0 or 1"),
    "tcp_timestamps": Sysctl("tcp.timestamps", _of(_0="off", _1="on", _2="on"), "0, 1 or 2"),
    "tcp_window_scaling": Sysctl("tcp.window_scaling", _switch, "0 or 1"),
    "tcp_dsack": Sysctl("tcp.dsack", _switch, "0 or 1"),
    "tcp_ecn": Sysctl("tcp.ecn", _of(_0="off", _1="on", _2="passive"), "0, 1 or 2"),
    "tcp_congestion_control": Sysctl("tcp.congestion", _only("reno", "cubic"), "reno or cubic"),
    "tcp_syncookies": Sysctl("tcp.syn_cookies", _of(_0="off", _1="auto", _2="always"), "0, 1 or 2"),
    "tcp_recovery": Sysctl("tcp.rack", _of(_0="off", _1="on"), "0 or 1"),
    "tcp_early_retrans": Sysctl("tcp.rack", _of(_0="off", _3="on"), "0 or 3, as tcp_recovery: tcp.rack is both"),
    "tcp_frto": Sysctl("tcp.frto", _of(_0="off", _1="on", _2="on"), "0, 1 or 2"),
    "tcp_slow_start_after_idle": Sysctl("tcp.slow_start_after_idle", _switch, "0 or 1"),
    "tcp_keepalive_time": Sysctl("tcp.keepalive_time", _scaled("s"), "seconds"),
    "tcp_keepalive_intvl": Sysctl("tcp.keepalive_interval", _scaled("s"), "seconds"),
    "tcp_keepalive_probes": Sysctl("tcp.keepalive_probes", _scaled(""), "a number"),
    "tcp_rto_max_ms": Sysctl("tcp.rto_max", _scaled("ms"), "milliseconds"),
    "ip_default_ttl": Sysctl("ipv4.ttl", _scaled(""), "a number"),
    "icmp_echo_ignore_all": Sysctl("icmp.echo", _of(_0="on", _1="off"), "0 or 1"),
    "icmp_ratelimit": Sysctl("icmp.interval", _scaled("ms"), "milliseconds"),
    "tcp_fin_timeout": Sysctl("", _only("60"), "60"),
    "tcp_syn_retries": Sysctl("", _only("6"), "6"),
    "tcp_syn_linear_timeouts": Sysctl("", _only("0"), "0: each time-out is twice the one before"),
    "tcp_synack_retries": Sysctl("", _only("5"), "5"),
    "tcp_retries2": Sysctl("", _only("15"), "15"),
    "tcp_reordering": Sysctl("", _only("3"), "3"),
    "tcp_mtu_probing": Sysctl("", _only("0"), "0"),
    "ip_no_pmtu_disc": Sysctl("", _only("0"), "0"),
    "tcp_fastopen": Sysctl("tcp.fastopen", _sides(1, 2), "the bits 1, 2, 4, 0x200 and 0x400", _fast_open),
    "tcp_fastopen_key": Sysctl("", _key_words, "four words of eight hexadecimal digits, such as 1a2b3c4d-0-0-0"),
    "tcp_fastopen_blackhole_timeout_sec": Sysctl("tcp.fastopen_blackhole", _scaled("s"), "seconds"),
    "tcp_rfc1337": Sysctl("", _only("0", "1"), "0 or 1"),
    "tcp_invalid_ratelimit": Sysctl("", _anything, "anything"),
    "tcp_no_metrics_save": Sysctl("", _anything, "anything: no metrics are kept"),
    "tcp_autocorking": Sysctl("", _anything, "anything: there is none"),
    "tcp_min_tso_segs": Sysctl("", _anything, "anything: segments leave one by one"),
    "tcp_tso_win_divisor": Sysctl("", _anything, "anything: segments leave one by one"),
    "tcp_limit_output_bytes": Sysctl("", _anything, "anything: no queue lies below"),
    "tcp_max_syn_backlog": Sysctl("", _anything, "anything: the backlog of listen() counts"),
}
"""By name, without ``net.ipv4.``."""
_SETTING = re.compile(r'(?:/proc/sys/)?([a-z0-9_./]+)=(?:"([^"]*)"|\'([^\']*)\'|(\S*))')
_WORD = re.compile(r"\S+=(?:\"[^\"]*\"|'[^']*'|\S*)|\S+")


def read(text: str, place: Place, file: str) -> tuple[SysctlLine, ...]:
    """Return what the text between backticks sets; ScriptError for anything that is not a sysctl of the table."""
    found: list[SysctlLine] = []
    program = ""
    lines = text.split("\n")
    for number, raw in enumerate(lines):
        line = raw.split("#")[0].rstrip().rstrip("\\")
        continued = number > 0 and lines[number - 1].rstrip().endswith("\\")
        offset = place.column if number == 0 else 1
        for match in _WORD.finditer(line):
            here = Place(place.line + number, offset + match.start())
            word = match[0].rstrip(";")
            before = line[:match.start()].rstrip()
            first = not before or before[-1] in ";&"
            if word in ("", "&&", "-q", "-w", "-qw", "-wq"):
                continue
            if first and not (continued and program):
                program = word.rpartition("/")[2]
                if program not in ("sysctl", "set_sysctls.py"):
                    raise ScriptError(
                        f"no program is started from a script, so {word!r} is refused: sysctl lines are read as knobs",
                        here, file)
                continue
            setting = _SETTING.fullmatch(word)
            if setting is None:
                raise ScriptError(f"expected NAME=VALUE after {program}, not {word!r}", here, file)
            name = setting[1].replace("/", ".")
            value = next(each for each in setting.groups()[1:] if each is not None)
            _check(name, value, here, file)
            found.append(SysctlLine(here, name, value))
    return tuple(found)


def _check(name: str, value: str, place: Place, file: str) -> None:
    short = name.removeprefix("net.ipv4.")
    known = SYSCTLS.get(short) if name.startswith("net.ipv4.") else None
    if known is None:
        raise ScriptError(f"the sysctl {name} is no knob here. docs/drill.md lists those that are", place, file)
    meant = known.value(value)
    if meant is None:
        raise ScriptError(f"{name} is {known.choices} here, not {value!r}", place, file)
    if known.knob:
        try:
            knob_declarations.parse(knob_declarations.find(known.knob), meant)
        except knob_declarations.KnobError as problem:
            raise ScriptError(f"{name}={value}: {problem}", place, file) from None


def knobs(settings: list[SysctlLine], file: str) -> dict[str, str]:
    """Return the knobs that sysctls turn, by name; ScriptError where two of them disagree about one knob."""
    found: dict[str, tuple[str, SysctlLine]] = {}
    for setting in settings:
        sysctl = SYSCTLS[setting.name.removeprefix("net.ipv4.")]
        value = sysctl.value(setting.value)
        if not sysctl.knob or value is None:
            continue
        known = found.get(sysctl.knob)
        if known is not None and known[0] != value and known[1].name != setting.name:
            raise ScriptError(
                f"{known[1].name} and {setting.name} are one knob here, {sysctl.knob}: both on, or both off",
                setting.place, file)
        found[sysctl.knob] = value, setting
        if sysctl.several is not None:
            found.update({name: (also, setting) for name, also in sysctl.several(setting.value).items()})
    return {name: value for name, (value, _) in found.items()}
