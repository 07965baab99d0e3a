"""Macros stand for what they stand for in Wireshark."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from aether.filters import FilterError, Records, compile_filter, complete, macros
from shell.configuration import load
from tests.captures import pcap
from tests.filter_corpus import corpus
from tests.flows import needs_tshark
from tests.unit.filters.test_filters_wireshark import PREFERENCES

MACROS = {
    "between": "(ip.src == $1 and ip.dst == $2) or (ip.src == $2 and ip.dst == $1)",
    "web": "tcp.port == 80", "busy": "tcp.port == $1 and tcp.len > $2",
    "lookup": "dns.qry.name contains $1", "inside": "${web} and ${between:192.168.1.1;192.168.1.2}",
}
ASKED = (
    "${web}", "not ${web}", "${between:192.168.1.1;192.168.1.2}", "${busy:80;0} or arp", "${busy:7;0}",
    '${lookup:"example"} and udp', "${web} and ${busy:80;100}", 'tcp.payload contains "${web}"',
)


@pytest.fixture(autouse=True)
def known() -> Iterator[None]:
    macros.use(MACROS)
    yield
    macros.use({})


def selected(expression: str) -> list[int]:
    maker, test = Records(), compile_filter(expression).test
    return [number for number, (time, data) in enumerate(corpus(), 1)
            if test(maker.frame(data, number=number, time=time))]


@needs_tshark
def test_frames_are_those_of_tshark(tmp_path: Path) -> None:
    folder, path = tmp_path / "wireshark", tmp_path / "corpus.pcap"
    folder.mkdir()
    quoted = {name: text.replace('"', '\\"') for name, text in MACROS.items()}
    (folder / "dfilter_macros").write_text("".join(f'"{name}","{text}"\n' for name, text in quoted.items()))
    path.write_bytes(pcap(corpus()))
    words = [word for preference in PREFERENCES for word in ("-o", preference)]
    for expression in ASKED:
        told = subprocess.run(
            ["tshark", "-r", str(path), *words, "-Y", expression, "-T", "fields", "-e", "frame.number"],
            capture_output=True, text=True, check=True, env={**os.environ, "WIRESHARK_CONFIG_DIR": str(folder)})
        assert [int(line) for line in told.stdout.split()] == selected(expression), expression


@pytest.mark.parametrize("expression, same", [
    ("$web() and arp", "${web} and arp"), ("$busy(80,0)", "${busy:80;0}"), ("$busy(80; 0)", "${busy;80;0}"),
    # It is text that is put in, as in Wireshark: `and` binds more than the macro's `or`.
    ("${inside}", "(tcp.port == 80 and (ip.src == 192.168.1.1 and ip.dst == 192.168.1.2)) or "
     "(ip.src == 192.168.1.2 and ip.dst == 192.168.1.1)"),
])
def test_both_ways_of_writing_are_the_same(expression: str, same: str) -> None:
    assert selected(expression) == selected(same)
    assert compile_filter(expression).text == expression


@pytest.mark.parametrize("expression, said", [
    ("${nothing}", "there is no macro 'nothing'. There is between"), ("tcp and ${busy:80}", "takes 2 arguments, not 1"),
    ("${web:1}", "takes 0 arguments, not 1"), ("${ring}", "inside each other more than"),
    ("${doubling}", "too long|inside each other"),
])
def test_what_cannot_be_says_so(expression: str, said: str) -> None:
    macros.use({**MACROS, "ring": "not ${ring}", "doubling": "${doubling} or ${doubling}"})
    with pytest.raises(FilterError, match=said):
        compile_filter(expression)


def test_a_capture_of_a_lesson_is_no_parameter() -> None:
    macros.use({"answers": "tcp.seq == $1.tcp.ack and tcp.dstport == $1"})
    assert macros.expand("${answers:80}") == "tcp.seq == $1.tcp.ack and tcp.dstport == 80"


def test_tab_completes_them() -> None:
    assert [each.text for each in complete("tcp and ${b")] == ["${between:", "${busy:"]
    assert [each.text for each in complete("${w")] == ["${web}"]


def test_the_configuration_has_them(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[macros]\nfrom = "ip.src == $1"\n')
    assert load(file)["macros"] == {"from": "ip.src == $1"} and not load(file).problems
    file.write_text('[macros]\n"a b" = "tcp"\n')
    assert "letters, digits" in load(file).problems[0]
