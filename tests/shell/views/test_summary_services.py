"""Lines of frames with DHCP and DNS messages say what is asked and answered."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from shell.reading.summary_services import service
from tests.shell.conftest import Shell


def test_the_messages_of_dhcp_are_named(shell: Shell) -> None:
    shell.run("dhcp start")
    printed = shell.run("frames --plain")
    for said in ("DHCP DISCOVER", "DHCP OFFER 192.168.1.100", "DHCP REQUEST 192.168.1.100", "DHCP ACK 192.168.1.100"):
        assert said in printed
    shell.run("dhcp renew")
    assert "192.168.1.100:68 > 192.168.1.1:67 DHCP REQUEST 192.168.1.100" in shell.run("frames --plain")


def test_questions_and_answers_of_dns_show_their_id(shell: Shell) -> None:
    shell.run("dns ask www.lab")
    shell.try_("dns ask nothing.lab")
    lines = [line for line in shell.run("frames --plain").splitlines() if "DNS" in line]
    asked, answered, unknown, refused = (line[line.index("DNS"):] for line in lines)
    assert asked.endswith("A www.lab?")
    assert answered.startswith(asked[:-1])
    assert answered.endswith("= 192.168.1.1 and 1 more")
    assert unknown.endswith("A nothing.lab?")
    assert refused.endswith("A nothing.lab: no such name")


def test_an_answer_that_did_not_fit_is_not_called_a_missing_record(shell: Shell) -> None:
    shell.run("dns ask big.lab TXT")
    lines = shell.run("frames dns --plain")
    assert "TXT big.lab: truncated" in lines
    assert "no such record" not in lines


def test_what_is_no_message_is_a_datagram(shell: Shell) -> None:
    shell.run("udp send 192.168.1.1:53 hello")
    assert "UDP len=5" in shell.run("frames")


def test_what_is_decided_stands_below_the_segment_not_below_the_question_for_its_way(shell: Shell) -> None:
    shell.run("tcp connect 192.168.1.1:7")
    lines = shell.run("frames --plain").splitlines()
    assert not any("ARP" in line and "SYN-SENT" in line for line in lines)


@given(st.binary(max_size=400), st.sampled_from([(68, 67), (67, 68), (53, 9), (9, 53), (1, 2)]))
def test_any_bytes_are_read_or_refused(payload: bytes, ports: tuple[int, int]) -> None:
    found = service(*ports, payload)
    assert found is None or found[0] in ("dns", "dhcp")
