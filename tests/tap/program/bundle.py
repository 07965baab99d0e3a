"""Files of every kind that a stranger may send, as hostile as they can be, and harmless to whoever lets them succeed.

What they would touch are canaries: files of this test, addresses of its namespace, programs that only note their names.
"""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Iterator
from pathlib import Path

import aether.operations  # noqa: F401 - which registers them
from aether import lab
from aether.engine.log import FORMAT, VERSION
from shell.captures import pcapng

ELSEWHERE = "10.99.0.9"
"""An address behind the machine's other interface."""
NAME = "canary.invalid"
"""A name for a resolver to be asked for."""
ESCAPE = "\x1b]0;owned\x07\x1b[2J\x1b[8m\x9b2J\u202e\x7f\u200b"
"""A title, an empty screen and hidden letters, if a terminal hears of it."""
HUGE = "9" * 5000
DEEP = "[" * 20_000 + "]" * 20_000
LESSON = '''+++
id = "{id}"
title = "A lesson"
minutes = 5
seed = 2
setup = [{setup}]
{more}
+++

Words.

## Ask

Words.

```check
# You asked who has an address.
arp.opcode == 1 and dir == out
```

```wrong
ping 192.168.1.77 --count 1
```

```hint
{words}
```

```solution
{solution}
```
'''


def reaching(top: Path) -> list[str]:
    """Return lines for the shell that would touch something, and that no lesson may have."""
    mine, roots = top / "home/mine.toml", top / "root.toml"
    out = top / "home/written"
    return [
        f"host -- touch {out}", f"host -- cat {mine}", "host -- curl", f"run_script {mine}", f"!touch {out}",
        f"shell touch {out}", f"status > {out}", f"status | tee {out}", f"frames tcp; host -- touch {out}",
        f"break commands 1 host -- touch {out}", f"break commands 1 status > {out}", f"http serve {top / 'home'}",
        f"scenario load {mine}", f"scenario show {roots}", f"scenario load {mine.parent}/mine.tom\"l\"",
        "scenario load ../home/mine.toml", f"capture load {mine}", f"capture save {out}", f"capture live {out}",
        f"replay {mine}", f"record {out} --force", f"export text {out} status", f"scenario save {out}.toml",
        f"drill run {mine}", f"drill draft --save {out}", "config init", f"config check {mine}",
        f"lesson report {out}", f"lesson grade {mine}", f"lesson path {top / 'home'}", "lesson new owned", f"@{mine}",
        f"host http get file://{mine}", f"host http get gopher://{ELSEWHERE}:70/_x", f"host http get -K{mine}",
        f"host http get http://{ELSEWHERE}/", f"host http get http://192.168.1.2@{ELSEWHERE}/",
        f"host http get http://{NAME}/", f"host ping {ELSEWHERE}", f"host ping {NAME}", f"host connect {NAME}:80",
        f"host connect {ELSEWHERE}:80", "edit -h > ../home/written", "theme dark", "quit",
        f"alias create ping touch {out}", f"set debug true; status > {out}", f"macro create x touch {out}",
        "history -e", f"py open('{out}', 'w')", f"run_pyscript {mine}", "_relative_run_script ../home/mine.toml",
        "__import__('os').system('touch ../home/written')", f"craft {'IP()/' * 300}TCP()", f"link delay {HUGE}s",
        f"break when {'(' * 3000}tcp{')' * 3000}", f"frames {'!' * 3000}tcp", "link drop next tcp > ../home/written",
    ]


def greedy() -> list[str]:
    """Return lines that a lesson may have: all that they reach is the lab."""
    return [
        "host ping 192.168.1.2 --count 1", "host connect 192.168.1.2:7", "host http get http://192.168.1.2/",
        f"udp send {ELSEWHERE}:53 hello", f"tcp connect {ELSEWHERE}:80 --background",
        f'craft IP(dst="{ELSEWHERE}")/ICMP()', f"send syn {ELSEWHERE}:80", "arp clear", "ping 192.168.1.1 --count 1",
        f'craft IP(dst="{NAME}")/TCP()',
    ]


def lessons(top: Path) -> Iterator[tuple[str, str]]:
    """Yield the lessons: each line where a lesson has lines, and words with escapes in them."""

    def lesson(id: str, setup: str = "", solution: str = "arp clear", words: str = "Words.", more: str = "") -> str:
        return LESSON.format(id=id, setup=json.dumps(setup) if setup else "", solution=solution, words=words, more=more)

    for number, line in enumerate(reaching(top)):
        where = number % 4
        fault = (f"[[faults]]\nname = \"f\"\nsetup = [{json.dumps(line)}]\nproof = \"arp\"\n"
                 f"cure = [{json.dumps(line)}]\nprobe = []\n")
        setup, solution = [(line, "arp clear"), ("", line), ("", "arp clear"), (line, line)][where]
        yield f"l{number}.md", lesson(f"l{number}", setup, solution, more=fault if where == 2 else "")
    yield "greedy.md", lesson("greedy", "arp clear", "\n".join(greedy()))
    yield "shown.md", lesson("shown", words=ESCAPE)
    yield "titled.md", lesson("titled").replace('"A lesson"', json.dumps(ESCAPE))
    yield "keyed.md", lesson("keyed", more=f'{json.dumps(ESCAPE)} = 1')
    yield "named.md", lesson("../../home/written")
    yield "deep.md", lesson("deep", more=f"knobs = {DEEP}")
    yield "huge.md", lesson("huge").replace("seed = 2", f"seed = {HUGE}")
    yield "hex.md", lesson("hex").replace("seed = 2", f"seed = 0x{HUGE}")
    yield "dots.md", lesson("dots", more=f"knobs.{'a.' * 20_000}a = 1")
    yield "asked.md", lesson("asked").replace("arp.opcode == 1", "(" * 5000 + "arp" + ")" * 5000)
    yield f"{ESCAPE}.md".replace("/", ""), lesson("x")


def recordings(top: Path) -> Iterator[tuple[str, str]]:
    """Yield the recordings: operations that name what is outside, and lines that are none."""
    head = {"format": FORMAT, "version": VERSION, "lab": lab.describe(lab.simulated(1))}

    def recording(*lines: object, end: object = None) -> str:
        last = {"end": end or {"ev": 60, "us": 3_000_000, "hash": ESCAPE}}
        return "\n".join(each if isinstance(each, str) else json.dumps(each) for each in (head, *lines, last))

    def operation(name: str, /, **more: object) -> dict[str, object]:
        return {"ev": 0, "us": 0, "operation": name, **more}

    yield "out.jsonl", recording(
        operation("Ping", address=ELSEWHERE, count=3, interval_us=1000),
        operation("TcpConnect", address=ELSEWHERE, port=80), operation("DnsAsk", name=NAME))
    for number, each in enumerate((
        operation("HttpServe", port=80, files={"/": str(top / "home")}), operation("TcpConnect", address=NAME, port=80),
        operation("Shell", command=f"touch {top}/home/written"), operation(ESCAPE),
        {**operation("ArpClear"), ESCAPE: 1}, operation("ArpClear", host=ESCAPE),
        operation("ArpClear", host=f"../{top}/root.toml"), DEEP, f'{{"ev": {HUGE}}}',
        '{"ev": 0, "us": 0, "frame": "' + ESCAPE + '"}', {"ev": 0, "us": 0, "frame": "/" * 90_000},
    )):
        yield f"r{number}.jsonl", recording(each)
    yield "python.jsonl", "cos\nsystem\n(S'touch ../home/written'\ntR."  # a pickle, should anybody load it as one


def captures() -> Iterator[tuple[str, bytes]]:
    """Yield the captures: comments with escapes, and lengths that are untrue."""

    def block(kind: int, body: bytes) -> bytes:
        length = struct.pack("<I", 12 + len(body))
        return struct.pack("<I", kind) + length + body + length

    def option(kind: int, text: bytes) -> bytes:
        return struct.pack("<HH", kind, len(text)) + text + bytes(-len(text) % 4)

    escape = ESCAPE.encode()
    start = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1) + option(1, escape) + option(4, escape))
    start += block(1, struct.pack("<HHI", 1, 0, 0) + option(2, escape) + option(3, escape))
    request = (b"GET /" + escape + b" HTTP/1.1\r\nHost: " + NAME.encode() + b"\r\n\r\n")
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40 + len(request), 1, 0, 64, 6, 0, bytes((192, 168, 1, 2)),
                     bytes((10, 99, 0, 9)))
    tcp = struct.pack("!HHIIBBHHH", 40_000, 80, 1, 1, 0x50, 0x18, 1000, 0, 0)
    frame = bytes((2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0)) + ip + tcp + request
    body = struct.pack("<IIIII", 0, 0, 0, len(frame), len(frame)) + frame + bytes(-len(frame) % 4)
    packet = block(6, body + option(1, b"LOST " + escape))
    yield "words.pcapng", start + packet * 3
    yield "long.pcapng", start + struct.pack("<II", 6, 0x7FFFFFFC) + body
    yield "none.pcapng", ESCAPE.encode() * 50
    bomb = block(77, bytes(1 << 20))
    yield "bomb.pcapng.gz", gzip.compress(pcapng.section("x") + bomb * 30 + packet, 1)


def scenarios(top: Path) -> Iterator[tuple[str, str]]:
    """Yield the scenarios and what else is TOML: a course and configurations."""
    yield "words.toml", f"title = {json.dumps(ESCAPE)}\nabout = {json.dumps(ESCAPE)}\n[both]\nloss = \"5%\"\n"
    for number, line in enumerate((
        f'loss = "{ESCAPE}"', f'{json.dumps(ESCAPE)} = "5%"', f'delay = "{HUGE}s"', f"mtu = {HUGE}", f"loss = {DEEP}",
        f'include = "{top}/home/mine.toml"', f'command = "touch {top}/home/written"', f'delay = "@{top}/root.toml"',
        f"mtu = 0x{HUGE}", f"{'a.' * 20_000}a = 1", 'rate = "1e999"', 'loss = "nan"',
        f'queue = "$(touch {top}/home/written)"',
    )):
        yield f"s{number}.toml", f"[both]\n{line}\n"
    yield "course.toml", (f"title = {json.dumps(ESCAPE)}\nlessons = [\"arp\", \"{top}/home/mine\", "
                          f"{json.dumps(ESCAPE)}]\n[deadlines]\narp = 2020-01-31\n")
    yield "config.toml", (
        f"theme = {json.dumps(ESCAPE)}\ncolours = 7\noutput = \"{top}/home/mine.toml\"\n"
        f"{json.dumps(ESCAPE)} = 1\n[trace]\nlayers = [{json.dumps(ESCAPE)}]\n"
        f"[keys]\nf9 = \"host -- touch {top}/home/written\"\n{json.dumps(ESCAPE)} = \"status > written\"\n"
        f"[startup]\ncommands = [\"host -- touch {top}/home/written\", \"status > {top}/home/written\"]\n")
    for number, value in enumerate((DEEP, HUGE, f"0x{HUGE}", "nan")):
        yield f"config{number}.toml", f"theme = {value}\n"
    yield "config-dots.toml", f"{'a.' * 20_000}a = 1\n"


def reports() -> Iterator[tuple[str, str]]:
    """Yield the reports that a class hands in."""
    step = {"state": "done", "when": "2026-01-02T03:04:05+00:00", "hints": 0}
    for number, learner in enumerate((ESCAPE, "=cmd|' /c touch written'!A1", HUGE, "../../home/written")):
        yield f"report{number}.json", json.dumps({
            "report": 1, "learner": learner, "lessons": {ESCAPE: {"title": ESCAPE, "steps": {ESCAPE: step}}}})
    yield "deep.json", DEEP


DRILL = '''// words
0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
{line}
+0 < S 0:0(0) win 1000 <mss 1460>
+0 > S. 0:0(0) ack 1 <mss 1460>
'''


def drills(top: Path) -> Iterator[tuple[str, str]]:
    """Yield packet scripts with commands, names, and what is no script."""
    out = f"{top}/home/written"
    for number, line in enumerate((
        f"0 `touch {out}`", f"0 `sysctl -w kernel.hostname=x; touch {out}`", f"0 `sysctl -p {top}/home/mine.toml`",
        f"0 `sysctl net.ipv4.tcp_sack=$(touch {out})`", f'0 system("touch {out}") = 0', f'0 open("{out}", 1) = 4',
        f'0 %{{ __import__("os").system("touch {out}") }}%', f'0 %{{ open("{top}/home/mine.toml").read() }}%',
        f"0 connect(3, {{sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"{ELSEWHERE}\")}}, ...) = 0",
        f"--init_scripts={top}/home/mine.toml", f"--remote_ip={ELSEWHERE}", ESCAPE, f"// {ESCAPE}\n+0 {ESCAPE}(3) = 0",
        f"+{HUGE} close(3) = 0", "0 %{ " + "(" * 5000 + " }%", f"+0 write(3, ..., {HUGE}) = 1",
        f"+0 %{{ assert tcpi_state == {'9**' * 6}9 }}%",
    )):
        yield f"d{number}.pkt", DRILL.format(line=line)


def unpack(top: Path) -> dict[str, list[str]]:
    """Write them all below `top`/bundle, and return their names by kind."""
    kinds: dict[str, list[tuple[str, str | bytes]]] = {
        "lesson": [*lessons(top)], "recording": [*recordings(top)], "capture": [*captures()],
        "toml": [*scenarios(top)], "report": [*reports()], "drill": [*drills(top)]}
    suffixes = {"lesson": ".md", "recording": ".jsonl", "capture": ".pcapng", "toml": ".toml", "report": ".json",
                "drill": ".pkt"}
    for kind, files in kinds.items():
        folder = top / "bundle" / kind
        folder.mkdir(parents=True)
        for name, content in files:
            (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        (folder / f"linked{suffixes[kind]}").symlink_to(top / "root.toml")
    return {kind: [*(name for name, _ in files), f"linked{suffixes[kind]}"] for kind, files in kinds.items()}
