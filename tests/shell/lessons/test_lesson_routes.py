"""Checks look at what happens, not at what was typed: other right ways than the solution pass, too."""

from __future__ import annotations

import pytest

from shell.lessons import library
from shell.lessons.load import load
from shell.lessons.model import LessonLine
from shell.lessons.sandbox import Sandbox

ANSWER = "lesson answer {answer}"
PAGE = "host http get http://192.168.1.2/"
SYN = "tcp.flags.syn == 1 and tcp.flags.ack == 0"
ROUTES: dict[tuple[str, int], list[list[str]]] = {
    ("first-frame", 0): [
        ["ping 192.168.1.1"],
        ["ping 192.168.1.1 --count 3 --size 200"],
        ["ping 192.168.1.1 --count 1 --ttl 1"],
        ["arp clear", "status", "ping 192.168.1.1 --count 2 --ttl 5"],
        ["ping 192.168.1.77 --count 1", "tcp connect 192.168.1.1:7", "ping 192.168.1.1 --count 1"],
    ],
    ("arp", 0): [
        ["arp clear", "tcp connect 192.168.1.1:7", "arp clear", "ping 192.168.1.1"],
        ["ping 192.168.1.77 --count 1", "arp clear", "ping 192.168.1.1 --count 3"],
        ["arp clear", "ping 10.0.2.2 --count 1"],
        ["arp clear", "arp who 192.168.1.1", "ping 192.168.1.1 --count 1"],
        ["link loss 10%", "arp clear", "link clear", "ping 192.168.1.1 --count 1 --size 1000"],
    ],
    ("reading-bytes", 0): [
        ["ping 192.168.1.1 --count 1 --ttl 2", ANSWER],
        ["ping 192.168.1.1 --count 1", "ping 192.168.1.1 --count 1 --ttl 255", ANSWER],
        ["ping 192.168.1.1 --count 3 --ttl 128", ANSWER],
        ["ping 10.0.2.2 --count 1 --ttl 100", ANSWER],
        ["ping 192.168.1.1 --count 1 --ttl 77", "lesson answer 77", "lesson answer 64"],
    ],
    ("fragments", 0): [
        ["ping 192.168.1.1 --count 1 --size 1473"],
        ["ping 192.168.1.1 --count 2 --size 5000"],
        ["ping 192.168.1.1 --count 1 --size 1472", "ping 192.168.1.1 --count 1 --size 1600"],
        ["ping 192.168.1.1 --count 1 --size 20000"],
        ["arp clear", "ping 192.168.1.1 --count 1 --size 4000 --ttl 9"],
    ],
    ("udp-and-tcp", 0): [
        ["link drop next udp.length > 8 out", 'udp send 192.168.1.1:9 "x"', "run 4s"],
        ["link drop next udp.dstport == 7", 'udp send 192.168.1.1:7 "hello"', "run 2s", "run 2s"],
        ["arp who 192.168.1.1", "link loss 100% out", 'udp send 192.168.1.1:7 "hello"', "link clear", "run 3s"],
        ["ping 192.168.1.1 --count 1", "link drop next udp out", 'udp send 192.168.1.1:5000 "any"', "run 5s"],
        ['udp send 192.168.1.1:7 "first"', "link drop next udp out", 'udp send 192.168.1.1:7 "second"', "run 3s"],
    ],
    ("dns", 0): [
        ["dns ask host.lab", ANSWER],
        ["http get http://www.lab/", ANSWER],
        ["dns ask nothing.lab --background", "run 1s", "dns ask www.lab", ANSWER],
        ["http get http://www.lab/nothing", ANSWER],
        ["dns ask www.lab", "dns ask host.lab", "lesson answer 70000", ANSWER],
    ],
    ("handshake", 0): [
        ["tcp connect 192.168.1.1:80"],
        ["http get http://192.168.1.1/"],
        ["tcp connect 192.168.1.1:6", "tcp connect 192.168.1.1:9"],
        ["tcp connect 192.168.1.1:7 --background", "run 1s"],
        ["link delay 50ms", "tcp connect 192.168.1.1:7"],
    ],
    ("byte-stream", 2): [
        ['tcp send --wait 0ms 1 "strawberry"', "run 1s", "tcp read 1 1", "tcp read 1 3"],
        ['tcp send --wait 0ms 1 "0123456789"', "run 500ms", "tcp read 1 9", "tcp read 1"],
        ['tcp send --background 1 "watermelon"', "run 2s", "tcp read 1 5", "status", "tcp read 1 5"],
        ['tcp send --wait 0ms 1 "melon"', "run 1s", "tcp read 1",
         'tcp send --wait 0ms 1 "watermelon"', "run 1s", "tcp read 1 2", "tcp read 1 4", "tcp read 1"],
        ['tcp send --wait 0ms 1 "watermelon"', "ping 192.168.1.1 --count 1", "run 1s", "tcp read 1 4", "tcp read 1"],
    ],
    ("http-by-hand", 0): [
        ["http get http://192.168.1.1/"],
        ["tcp connect 192.168.1.1:80", 'tcp send 1 "GET / HTTP/1.1\\r\\nHost: 192.168.1.1\\r\\n\\r\\n"'],
        ["tcp connect 192.168.1.1:80", 'tcp send 1 "nonsense\\r\\n\\r\\n"', "tcp connect 192.168.1.1:80",
         'tcp send 2 "GET / HTTP/1.0\\r\\n\\r\\n"'],
        ["tcp connect 192.168.1.1:80",
         'tcp send 1 "GET / HTTP/1.1\\r\\nHost: www.lab\\r\\nConnection: close\\r\\n\\r\\n"'],
        ["http get http://192.168.1.1/nothing", "http get http://www.lab/"],
    ],
    ("no-retransmission", 0): [
        ["link drop next tcp.len > 0 out", f"{PAGE} --background", "run 10s"],
        ["link loss 100% out", f"{PAGE} --background", "link clear", "tcp connect 192.168.1.1:7",
         "link drop next tcp.len > 0 out", 'tcp send --background 1 "lost"', "run 6s"],
        ["tcp connect 192.168.1.1:7", "link drop next tcp.len > 0 out", 'tcp send --background 1 "lost"', "run 6s"],
        ["tcp connect 192.168.1.1:7", "link loss 100% out", 'tcp send --background 1 "lost"', "run 1s", "link clear",
         "run 5s"],
        ["tcp connect 192.168.1.1:80", "link drop next tcp.len > 0 out",
         'tcp send --background 1 "GET / HTTP/1.0\\r\\n\\r\\n"', "ping 192.168.1.1 --count 1", "run 6s"],
    ],
    ("timer-doubles", 0): [
        [f"link drop next {SYN} out --count 4", "tcp connect 192.168.1.1:7 --background", "run 20s"],
        ["arp who 192.168.1.1", "link loss 100% out", "tcp connect 192.168.1.1:80 --background", "run 8s"],
        ["ping 192.168.1.1 --count 1", "link loss 100% both", "tcp connect 192.168.1.1:80 --background", "run 8s",
         "link clear", "run 10s"],
        ["tcp connect 192.168.1.1:7", "link loss 100% in", "tcp connect 192.168.1.1:80 --background", "run 8s"],
        ["ping 192.168.1.1 --count 1", "link drop next tcp --count 3", "http get http://192.168.1.1/ --background",
         "run 10s"],
    ],
    ("spin-yield-sleep", 0): [
        ["bench ping --runs 1"],
        ["bench ping -n 50 --runs 3"],
        ["knob set loop.yield 20us", "bench ping -n 100 --runs 1"],
        ["bench http -n 20 --runs 1", "bench ping -n 300 --runs 1"],
        ["knob set loop.spin 1s", "bench ping -n 50 --runs 1", "knob set loop.spin 0us", "bench ping -n 50 --runs 1"],
    ],
    ("spin-yield-sleep", 2): [
        ["knob set loop.spin 400us", "bench ping -n 200 --runs 1"],
        ["knob set loop.spin 800us", "bench ping -n 50 --runs 3"],
        ["bench ping -n 50 --runs 1", "knob set loop.spin 0.5ms", "bench ping --runs 1"],
        ["knob set loop.yield 100us", "knob set loop.spin 600us", "bench ping -n 100 --runs 1"],
        ["knob set loop.spin 0us", "bench ping -n 100 --runs 1", "knob set loop.spin 700us",
         "bench ping -n 100 --runs 1"],
    ],
    ("spin-yield-sleep", 3): [
        ["link jitter 200us in", "knob set loop.spin 1300us", "bench ping -n 500 --runs 1",
         "knob set loop.spin 1100us", "bench ping -n 500 --runs 1"],
        ["link jitter 200us in", "knob set loop.spin 1s", "bench ping --runs 1",
         "knob set loop.spin 1ms", "bench ping --runs 1"],
        ["link jitter 0.2ms in", "knob set loop.spin 1050us", "bench ping -n 1000 --runs 1",
         "knob set loop.spin 10ms", "bench ping -n 1000 --runs 1"],
        ["knob set loop.spin 1100us", "bench ping -n 500 --runs 1", "link jitter 200us in",
         "bench ping -n 500 --runs 1", "knob set loop.spin 2ms", "bench ping -n 500 --runs 1"],
        ["link jitter 200us in", *(line for spin in ("0us", "500us", "900us", "1100us", "1200us", "1300us")
                                   for line in (f"knob set loop.spin {spin}", "bench ping -n 500 --runs 1"))],
    ],
    ("spin-yield-sleep", 4): [
        ["knob set loop.spin 1s", "bench http -n 500 -c 40 --runs 1", "knob set loop.spin 0us",
         "bench http -n 500 -c 40 --runs 1"],
        ["link clear", "knob set loop.spin 0us", "bench http -c 40 --runs 1", "knob set loop.spin 10s",
         "bench http -c 100 --runs 1"],
        ["knob set loop.spin 0us", "bench http -n 800 -c 80 --runs 1", "knob set loop.spin 100ms",
         "bench http -n 800 -c 80 --runs 1"],
        ["bench http -n 100 -c 1 --runs 1", "knob set loop.spin 0us", "bench http -n 500 -c 60 --runs 1",
         "knob set loop.spin 1s", "bench http -n 500 -c 60 --runs 1"],
        ["link clear", "knob set loop.spin 0us", "knob set loop.yield 0us", "bench http -n 1000 -c 40 --runs 2",
         "knob set loop.yield 1s", "knob set loop.spin 1s", "bench http -n 1000 -c 40 --runs 2"],
    ],
    ("spin-yield-sleep", 1): [
        ["knob set loop.spin 1s", "bench ping -n 500 --runs 1"],
        ["knob set loop.spin 60s", "bench ping -n 50 --runs 2"],
        ["knob set loop.spin 10ms", "bench ping -n 200 --runs 1"],
        ["knob set loop.yield 1s", "bench ping -n 200 --runs 1", "knob set loop.spin 1s", "bench ping --runs 1"],
        ["ping 192.168.1.1 --count 1", "knob set loop.spin 2ms", "bench ping -n 100 --runs 3"],
    ],
    ("shards", 1): [
        ["workers 4", "bench http -n 1000 -c 100 --runs 1", "workers show"],
        ["workers 5", "bench http -n 800 -c 200 --runs 1", "workers show"],
        ["workers 8", "bench http -n 500 -c 100 --runs 2", "workers show"],
        ["knob set loop.workers 4", "bench http -c 100 --runs 1", "workers show"],
        ["workers 2", "bench http -n 500 -c 100 --runs 1", "workers 4", "bench stress --runs 1",
         "bench http -n 500 -c 50 --runs 1", "workers show"],
    ],
    ("what-would-linux-do", 1): [
        ["drill new", "drill line +.1 < R 2:2(0)", "drill line +0 > . 1:1(0) ack 1", "drill line +.1 < R 1:1(0)",
         "drill compare draft"],
        ["drill new", "drill line +.5 < R. 101:101(0) ack 1", "drill line +0 > . 1:1(0) ack 1 <>",
         "drill line +.5 < R. 1:1(0) ack 1", "drill line +0 read(4, ..., 100) = -1 ECONNRESET", "drill compare draft"],
        ["drill new client", "drill new server", "drill line +.1 < R 101:101(0) win 0",
         "drill line +0~+.1 > . 1:1(0) ack 1", "drill line +.1 < R 1:1(0)", "drill run draft", "drill compare draft"],
        ["drill new", "drill line +.1 < R 101:101(0)", "drill line +0 > R 1:1(0)", "drill undo",
         "drill line * > . 1:1(0) ack 1", "drill line +.1 < R 1:1(0) win 7", "drill compare draft"],
        ["drill new", "drill line +.1 < R 99999:99999(0)", "drill line +.1 < R 1:1(0)",
         "drill line +0 read(4, ..., 100) = -1 ECONNRESET", "drill compare draft"],
    ],
    ("what-would-linux-do", 3): [
        ["drill new", "drill line +.1 < P. 1:101(100) ack 1 win 65535", "drill line +0 > . 1:1(0) ack 101",
         "drill line +.1 < R 51:151(100)", "drill line +0 > . 1:1(0) ack 101", "drill compare draft"],
        ["drill new", "drill line +.3 < P. 1:201(200) ack 1 win 65535", "drill line * > . 1:1(0) ack 201",
         "drill line +.2 < R 101:301(200)", "drill line +0~+.1 > . 1:1(0) ack 201 <>", "drill line +.1 < R 201:201(0)",
         "drill compare draft"],
        ["drill new client", "drill new server", "drill line +.1 < P. 1:101(100) ack 1 win 65535",
         "drill line +0 > . 1:1(0) ack 101 <>", "drill line +.2 < R 51:151(100) win 7",
         "drill line * > . 1:1(0) ack 101", "drill line +.1 < R 101:101(0)", "drill compare draft"],
        ["drill new", "drill line +.1 < P. 1:101(100) ack 1 win 65535", "drill line +0 > . 1:1(0) ack 102",
         "drill undo", "drill line +0 > . 1:1(0) ack 101", "drill line +.1 < R 51:151(100)",
         "drill line +0 > . 1:1(0) ack 101", "drill run draft", "drill compare draft"],
        ["drill new", "drill line +.1 < P. 1:201(200) ack 1 win 65535", "drill line +0 > . 1:1(0) ack 201",
         "drill line +.5 < R 101:301(200) win 0", "drill line +0 > . 1:1(0) ack 201", "drill compare draft"],
    ],
    ("dhcp", 0): [
        ["dhcp start"],
        ["dhcp start --background", "run 5s"],
        ["ping 192.168.1.1 --count 1", "dhcp start"],
        ["link delay 30ms", "dhcp start"],
        ["dhcp start", "dhcp release", "dhcp start"],
    ],
}


@pytest.mark.parametrize("name, step, route", [
    pytest.param(name, step, route, id=f"{name}-{step + 1}-{number}")
    for (name, step), routes in ROUTES.items() for number, route in enumerate(routes, 1)])
def test_another_right_way_passes(name: str, step: int, route: list[str]) -> None:
    lesson = load(library.BUILT_IN / f"{name}.md")
    with Sandbox.of(lesson) as lab:
        lab.prepare(lesson, None)
        for index in range(step):
            lab.begin(lesson, index, None)
            for line in lesson.steps[index].solution:
                lab.run(line)
        lab.begin(lesson, step, None)
        said = [lab.run(LessonLine(text, 0)) for text in route]
        assert [row.text for row in lab.rows() if not row.holds] == [], said


def test_five_other_ways_for_ten_lessons() -> None:
    assert len({name for name, _ in ROUTES}) >= 10
    assert all(len(routes) >= 5 for routes in ROUTES.values())
