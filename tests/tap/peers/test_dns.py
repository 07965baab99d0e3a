"""Names from dnsmasq in a namespace."""

from __future__ import annotations

import pytest

from aether import queries
from aether.apps.dns_resolver import DnsProgress
from aether.engine.core import Core
from aether.operations.services import DnsAsk
from tests.tap.harness import KERNEL, KernelLab, wait_until

pytestmark = pytest.mark.needs("tcpdump", "tshark", "capinfos", "dnsmasq")

TEXTS = [f"text {number} " + "x" * 200 for number in range(8)]
RECORDS = (
    "--host-record=one.test,10.1.2.3,2001:db8::7,2", "--cname=alias.test,one.test", "--mx-host=test,mail.test,20",
    "--txt-record=test,hello,world", "--srv-host=_http._tcp.test,one.test,8080,1,2", "--local=/test/",
    "--auth-ttl=2", *(f"--txt-record=long.test,{text}" for text in TEXTS),
)


def ask(core: Core, name: str, kind: str = "A") -> DnsProgress:
    job = core.do(DnsAsk(name=name, type=kind))
    wait_until(lambda: core.ask(lambda world: queries.job_done(world, job)), 15)
    report: DnsProgress = core.ask(lambda world: queries.job_report(world, job))
    return report


def start_dnsmasq(lab: KernelLab, *options: str) -> None:
    log = lab.folder / "dnsmasq.log"
    with log.open("wb") as file:
        lab.spawn(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--user=root",
            f"--pid-file={lab.folder}/dnsmasq.pid", f"--dhcp-leasefile={lab.folder}/leases", "--log-facility=-",
            f"--listen-address={KERNEL}", "--bind-interfaces", *options, stderr=file)
    wait_until(lambda: "started" in log.read_text(), 10)


def test_names_of_every_type() -> None:
    with KernelLab() as lab:
        core = lab.start()
        lab.capture()
        start_dnsmasq(lab, *RECORDS)
        for name, kind, wanted in (
            ("one.test", "A", ["10.1.2.3"]), ("one.test", "AAAA", ["2001:db8::7"]),
            ("alias.test", "A", ["one.test", "10.1.2.3"]), ("10.1.2.3", "PTR", ["one.test"]),
            ("test", "MX", ["20 mail.test"]), ("test", "TXT", ['"hello" "world"']),
            ("_http._tcp.test", "SRV", ["1 2 8080 one.test"]), ("nobody.test", "A", []),
        ):
            report = ask(core, name, kind)
            assert [row.data for row in report.records] == wanted, (name, kind, report)
            assert not report.error
        assert ask(core, "nobody.test").code == "no such name"
        long = ask(core, "long.test", "TXT")
        assert (long.over, sorted(row.data.strip('"') for row in long.records)) == ("tcp", sorted(TEXTS))
        lab.judge()


def test_the_cache_honours_the_ttl() -> None:
    """Two seconds, as the name server says."""
    with KernelLab() as lab:
        core = lab.start()
        start_dnsmasq(lab, *RECORDS)
        first = ask(core, "one.test")
        assert (first.over, first.records[0].ttl) == ("udp", 2)
        assert ask(core, "one.test").over == "cache"
        begun = core.ask(lambda world: world.now)
        wait_until(lambda: core.status().time > begun + 2_200_000, 10)
        assert ask(core, "one.test").over == "udp"
