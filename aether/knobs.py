"""Every switch of the stack, declared once.

A knob belongs to a host. Its name is the attribute's with the first underscore as a dot:
`tcp_time_wait` is ``tcp.time_wait``. The shell's help, completion and messages, the docs
and the two profiles are generated from these declarations.
"""

from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

Value = bool | int | str


class KnobError(ValueError):
    """A knob's name or value that makes no sense; the text says what would."""


class Knob(NamedTuple):
    """The declaration of one knob."""

    name: str
    attribute: str
    default: Value
    classic: Value
    help: str
    rfc: str
    unit: str
    """`us` (microseconds, written 40ms or 60s), `bytes`, or empty for a plain number."""
    low: int
    high: int
    choices: tuple[str, ...]

    @property
    def type(self) -> str:
        """Return ``switch``, ``choice``, ``time``, ``bytes`` or ``number``."""
        if isinstance(self.default, bool):
            return "switch"
        if self.choices and isinstance(self.default, str):
            return "choice"
        return {"us": "time", "bytes": "bytes"}.get(self.unit, "number")


def _declare(default: Value, help: str, rfc: str, classic: Value | None, **more: Any) -> Any:
    declared = {"unit": "", "low": 0, "high": 0, "choices": (), **more}
    classic = default if classic is None else classic
    return field(default=default, metadata={"help": help, "rfc": rfc, "classic": classic, **declared})


def switch(default: bool, help: str, rfc: str = "", *, classic: bool | None = None) -> Any:
    """Declare a knob that is on or off."""
    return _declare(default, help, rfc, classic)


def number(
    default: int, help: str, rfc: str = "", *, low: int, high: int, unit: str = "", classic: int | None = None
) -> Any:
    """Declare a knob that is a whole number from `low` to `high`."""
    return _declare(default, help, rfc, classic, unit=unit, low=low, high=high)


def choice(default: str, choices: tuple[str, ...], help: str, rfc: str = "", *, classic: str | None = None) -> Any:
    """Declare a knob that is one of several words."""
    return _declare(default, help, rfc, classic, choices=choices)


@dataclass(slots=True)
class Knobs:
    """The knobs of one host, with their present values; times in microseconds."""

    arp_unsolicited: bool = switch(
        False, "believe ARP replies that nobody asked for", "RFC 826, RFC 5227", classic=True)
    arp_timeout: int = number(
        30_000_000, "how long a neighbour's address is believed without a sign of life", "RFC 1122 §2.3.2.1",
        low=1_000_000, high=86_400_000_000, unit="us")
    ipv4_fragments: bool = switch(True, "put fragments together again", "RFC 791 §3.2", classic=False)
    ipv4_fragment_memory: int = number(
        4 << 20, "bytes that unfinished packets may take; the oldest make room", "RFC 1122 §3.3.2",
        low=65_536, high=1 << 30, unit="bytes", classic=1 << 30)
    ipv4_own_source: bool = switch(
        False, "take packets that claim to come from ourselves", "RFC 1122 §3.2.1.3", classic=True)
    ipv4_ttl: int = number(64, "time to live of what is sent", "RFC 1122 §3.2.1.7", low=1, high=255)
    ipv4_forward: bool = switch(False, "pass on packets for others, as a router", "RFC 1812 §5.2")
    icmp_echo: bool = switch(True, "answer echo requests", "RFC 1122 §3.2.2.6")
    icmp_broadcast: bool = switch(
        False, "answer echo requests that are sent to everybody", "RFC 1122 §3.2.2.6", classic=True)
    icmp_rate: int = number(
        1000, "ICMP errors a second at the most; 0 sends none", "RFC 1812 §4.3.2.8", low=0, high=100_000)
    icmp_interval: int = number(
        1_000_000, "the least time between ICMP errors to one destination, after a burst of 6; 0 sets no limit",
        "RFC 1812 §4.3.2.8", low=0, high=60_000_000, unit="us", classic=0)
    tcp_retransmit: bool = switch(True, "send again what is not acknowledged", "RFC 9293 §3.8.1", classic=False)
    tcp_out_of_order: str = choice(
        "buffer", ("buffer", "drop"), "what becomes of segments beyond a hole", "RFC 9293 §3.10.7.4", classic="drop")
    tcp_holes: int = number(
        1024, "holes in what has arrived; a segment that would make one more is dropped", "RFC 9293 §3.10.7.4",
        low=1, high=1 << 20, classic=1 << 20)
    tcp_time_wait: int = number(
        60_000_000, "how long a closed connection rests in TIME-WAIT", "RFC 9293 §3.6.1",
        low=0, high=240_000_000, unit="us")
    tcp_mss: int = number(
        1460, "the largest segment that we ask for", "RFC 9293 §3.7.1", low=64, high=65_495, unit="bytes")
    tcp_rto_initial: int = number(
        1_000_000, "the retransmission timer before anything was measured", "RFC 6298 §2.1",
        low=1_000, high=60_000_000, unit="us")
    tcp_rto_min: int = number(
        200_000, "the least variance term of the retransmission timer", "RFC 6298 §2.4",
        low=1_000, high=60_000_000, unit="us")
    tcp_rto_max: int = number(
        120_000_000, "the retransmission timer doubles up to this", "RFC 6298 §2.5",
        low=1_000_000, high=600_000_000, unit="us")
    tcp_receive_window: int = number(
        0, "bytes that may wait for the application; 0 lets the stack choose", "RFC 9293 §3.8.6",
        low=0, high=1 << 30, unit="bytes", classic=64_240)
    tcp_initial_window: int = number(
        10, "segments sent before the first acknowledgement", "RFC 6928", low=1, high=1000)
    tcp_congestion: str = choice(
        "cubic", ("none", "reno", "cubic"), "congestion control", "RFC 5681, RFC 9438", classic="none")
    tcp_sack: bool = switch(True, "tell, and be told, what arrived beyond a hole", "RFC 2018", classic=False)
    tcp_timestamps: bool = switch(True, "a timestamp in every segment", "RFC 7323 §3", classic=False)
    tcp_window_scaling: bool = switch(True, "windows above 64 KB", "RFC 7323 §2", classic=False)
    tcp_paws: bool = switch(True, "refuse segments with old timestamps", "RFC 7323 §5", classic=False)
    tcp_dsack: bool = switch(True, "report segments that came twice", "RFC 2883", classic=False)
    tcp_rack: bool = switch(True, "find losses by time, and probe for lost tails", "RFC 8985", classic=False)
    tcp_prr: bool = switch(True, "send in proportion to what arrives during recovery", "RFC 9937", classic=False)
    tcp_eifel: bool = switch(
        True, "notice by timestamps that a retransmission was spurious", "RFC 3522, RFC 4015", classic=False)
    tcp_frto: bool = switch(True, "notice that a time-out was spurious", "RFC 5682", classic=False)
    tcp_limited_transmit: bool = switch(
        True, "new data on the first duplicate acknowledgements", "RFC 3042", classic=False)
    tcp_ecn: str = choice(
        "passive", ("off", "passive", "on"), "congestion marks: never, when the peer asks, or asked for by us",
        "RFC 3168", classic="off")
    tcp_slow_start_after_idle: bool = switch(
        True, "forget a congestion window that was not used for a while", "RFC 2861", classic=False)
    tcp_keepalive: bool = switch(False, "ask idle peers whether they are still there", "RFC 9293 §3.8.4")
    tcp_keepalive_time: int = number(
        7_200_000_000, "idle time before the first question", "RFC 9293 §3.8.4",
        low=1_000_000, high=1 << 40, unit="us")
    tcp_keepalive_interval: int = number(
        75_000_000, "time between questions", "RFC 9293 §3.8.4", low=1_000, high=1 << 36, unit="us")
    tcp_keepalive_probes: int = number(9, "questions without an answer that end it", low=1, high=127)
    tcp_user_timeout: int = number(
        0, "silence of the peer that ends a connection; 0 is never", "RFC 5482", low=0, high=1 << 36, unit="us",
        classic=10_000_000)
    tcp_nagle: bool = switch(True, "small segments wait for the acknowledgement of others", "RFC 896")
    tcp_silly_window: bool = switch(
        True, "wait until the peer's window is worth a segment", "RFC 9293 §3.8.6.2.1", classic=False)
    tcp_delayed_ack: int = number(
        40_000, "how long an acknowledgement may wait for data to go with it; 0 acknowledges at once",
        "RFC 9293 §3.8.6.3", low=0, high=500_000, unit="us", classic=0)
    tcp_challenge_ack: bool = switch(
        True, "answer suspicious resets and SYNs with an ACK instead of believing them", "RFC 5961", classic=False)
    tcp_invalid_ratelimit: int = number(
        500_000, "the least time between a connection's ACKs in answer to what it cannot accept; 0 sets no limit",
        "RFC 9293 §3.10.7.4, RFC 5961 §7", low=0, high=60_000_000, unit="us", classic=0)
    tcp_syn_cookies: str = choice(
        "auto", ("off", "auto", "always"), "answer SYNs and remember nothing: never, when the queue is full, always",
        "RFC 4987 §3.6", classic="always")
    tcp_fastopen: str = choice(
        "client", ("off", "client", "server", "both"),
        "data in the SYN: never, where applications here ask for it, where listeners do (TCP_FASTOPEN), or both",
        "RFC 7413", classic="off")
    tcp_fastopen_cookieless: str = choice(
        "off", ("off", "client", "server", "both"), "data in the SYN without a cookie: who sends it, who takes it",
        "RFC 7413 §7.3")
    tcp_fastopen_listeners: bool = switch(
        False, "every listener takes data in the SYN, as if it had set TCP_FASTOPEN to its backlog", "RFC 7413 §4.2.2")
    tcp_fastopen_queue: int = number(
        128, "handshakes with data in the SYN that may be pending at a listener", "RFC 7413 §5.1", low=1, high=1 << 20)
    tcp_fastopen_rotate: int = number(
        3_600_000_000, "how long one key makes the cookies for data in the SYN; 0 is for ever", "RFC 7413 §4.1.2",
        low=0, high=1 << 40, unit="us")
    tcp_fastopen_blackhole: int = number(
        60_000_000, "how long nothing is put into the SYN on a path where that failed, doubled each time; 0 goes on",
        "RFC 7413 §4.1.3.1", low=0, high=86_400_000_000, unit="us")
    tcp_fast_path: bool = switch(
        True, "handle predictable short connections behind a TAP by a shorter way", "RFC 1323, appendix")
    tcp_noopt: bool = switch(
        False, "SYNs without options, and so connections without them, as TCP_NOOPT has it elsewhere",
        "RFC 9293 §3.7.1")
    tcp_drop_synfin: bool = switch(
        True, "drop SYNs with FIN at a listener: no client means that", "RFC 9293 §3.10.7.2", classic=False)
    tcp_isn: str = choice(
        "rfc6528", ("rfc6528", "random", "predictable"), "how initial sequence numbers are chosen", "RFC 6528",
        classic="predictable")
    loop_spin: int = number(
        100, "how long a core looks for the next frame again and again, before it yields", low=0, high=60_000_000,
        unit="us")
    loop_yield: int = number(
        50, "how long it goes on looking, and lets others run between looks, before it sleeps", low=0, high=60_000_000,
        unit="us")
    loop_offload: bool = switch(
        True, "in benchmark mode on a TAP, hand over TCP segments of up to 64 KB, and leave checksums out, both ways",
        classic=False)
    loop_wake: int = number(
        0, "a model: how long a sleeping core takes to wake up", low=0, high=1_000_000, unit="us")
    loop_cost: int = number(
        0, "a model: how long a core works on each frame that arrives", low=0, high=1_000_000, unit="us")
    loop_workers: int = number(
        1, "a model: how many cores, each with the frames of its own flows", low=1, high=64)
    http_stalled: int = number(
        120_000_000, "how long a client of ours may take nothing of a page; 0 is for ever", "RFC 6429 §4",
        low=0, high=86_400_000_000, unit="us", classic=0)


KNOBS: dict[str, Knob] = {}
for _field in fields(Knobs):
    _name = _field.name.replace("_", ".", 1)
    KNOBS[_name] = Knob(_name, _field.name, _field.default, **_field.metadata)  # type: ignore[arg-type]


def find(name: str) -> Knob:
    """Return the declaration of the knob called `name`; KnobError if there is none."""
    if name not in KNOBS:
        raise KnobError(f"no knob {name!r}. `knob list` shows them all")
    return KNOBS[name]


def parse(knob: Knob, text: str) -> Value:
    """Turn what a person wrote into a value of this knob; KnobError says what would do."""
    word = text.strip().lower()
    if knob.type == "switch":
        if word in ("on", "true", "yes", "1"):
            return True
        if word in ("off", "false", "no", "0"):
            return False
        raise KnobError(f"{knob.name} is on or off, not {text!r}. (knob show {knob.name})")
    if word in knob.choices:
        return word
    if knob.type == "choice":
        raise KnobError(f"{knob.name} is {' or '.join(knob.choices)}, not {text!r}. (knob show {knob.name})")
    value = scaled(word, _SCALES[knob.unit])
    if value is None or not knob.low <= value <= knob.high:
        example = " (such as 200ms or 60s)" if knob.unit == "us" else ""
        low, high = show(knob, knob.low), show(knob, knob.high)
        raise KnobError(f"{knob.name} is from {low} to {high}{example}, not {text!r}. (knob show {knob.name})")
    return value


TIMES = {
    "": 1_000_000, "us": 1, "µs": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "min": 60_000_000,
    "h": 3_600_000_000,
}
"""Microseconds of each unit; a plain number is of seconds, everywhere."""
SIZES = {"": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20}
_SCALES = {"us": TIMES, "bytes": SIZES, "": {"": 1}}


def number_and_unit(text: str) -> tuple[float, str]:
    """Split what a person wrote, such as ``1.5 MB``, into a number and a unit in small letters; ValueError."""
    word = text.strip().lower()
    digits = word.rstrip("abcdefghijklmnopqrstuvwxyzµ% ")
    value = float(digits)
    if not 0 <= value < 1e15:
        raise ValueError(f"out of range: {text!r}")
    return abs(value), word[len(digits):].strip()


def scaled(text: str, units: dict[str, int]) -> int | None:
    """Return a quantity in the smallest of its `units`; None if it is none. A plain 0 needs no unit."""
    try:
        value, unit = number_and_unit(text)
    except ValueError:
        return None
    if not value and not unit:
        return 0
    return round(value * units[unit]) if unit in units else None


def show(knob: Knob, value: Value) -> str:
    """Return a value as a person writes it; `parse` reads it back."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if knob.unit == "us" and isinstance(value, int):
        return show_time(value)
    return str(value)


def show_time(value: int) -> str:
    """Return microseconds with the largest unit that needs no fraction."""
    for suffix, scale in (("s", 1_000_000), ("ms", 1_000)):
        if value and value % scale == 0:
            return f"{value // scale}{suffix}"
    return f"{value}us"


def profile(name: str) -> Knobs:
    """Return all knobs as the profile `modern` (the default) or `classic` has them."""
    if name not in PROFILES:
        raise KnobError(f"no profile {name!r}. There are {' and '.join(PROFILES)}")
    if name == "modern":
        return Knobs()
    knobs = Knobs()
    for knob in KNOBS.values():
        setattr(knobs, knob.attribute, knob.classic)
    return knobs


PROFILES = ("modern", "classic")
