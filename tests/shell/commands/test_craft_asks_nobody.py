"""Crafting asks nobody: no name is looked up and no socket opened, whatever stands in whichever field."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

import pytest

from shell.craft.layers import Endpoints, NameAsked, complete, load
from shell.craft.notation import parse
from shell.language.grammar import CommandError

ENDS = Endpoints("02:00:00:00:00:01", "192.168.1.2", "02:00:00:00:00:02", "192.168.1.1")
NAME = "name.example"
FORMS = [f'"{NAME}"', f'b"{NAME}"', f'["{NAME}"]', f'[b"{NAME}", "192.168.1.9"]', f'("{NAME}", "{NAME}")',
         f'[("server_id", "{NAME}"), ("router", "{NAME}", b"{NAME}")]', f'[IPOption_RR(routers=["{NAME}"])]',
         f'[("{NAME}", 1)]', f'IP(dst=b"{NAME}")', f'[Ether()/IP(dst=("{NAME}", "{NAME}"))]',
         '"10.9.8.7/31"', f'"{NAME}/24"']
FIELDS = [(layer, field.name) for layer, kind in sorted(load().items()) for field in kind.fields_desc]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Return what was asked of the machine: names, addresses, sockets."""
    found: list[Any] = []

    def trap(name: str) -> Any:
        def ask(*what: Any, **more: Any) -> Any:
            found.append((name, what))
            raise OSError(f"{name} was asked")
        return ask

    for name in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "gethostbyaddr", "getfqdn", "socket"):
        monkeypatch.setattr(socket, name, trap(name))
    return found


@pytest.mark.parametrize("layer, field", FIELDS)
def test_no_field_asks_anybody(layer: str, field: str, asked: list[Any]) -> None:
    for form in FORMS:
        for text in (f"{layer}({field}={form})", f"IP()/{layer}({field}={form})"):
            with contextlib.suppress(CommandError):
                complete(parse(text), ENDS)
            assert not asked, text


@pytest.mark.parametrize("text, named", [
    (f'IP(dst=b"{NAME}")', "dst"), (f'IP(src="{NAME}")', "src"), (f'IP(dst=["192.168.1.1", b"{NAME}"])', "dst"),
    (f'IP(dst=("{NAME}", "192.168.1.9"))', "dst"), (f'ARP(pdst="{NAME}")', "pdst"),
    (f'IP(options=[IPOption_RR(routers=["{NAME}"])])', "routers"),
    (f'IP(options=[IPOption_LSRR(routers=[b"{NAME}"])])', "routers"), (f'BOOTP(siaddr=b"{NAME}")', "siaddr"),
    (f'DNSRR(type="A", rdata=b"{NAME}")', "rdata"),
])
def test_a_name_is_refused_by_the_name_of_its_field(text: str, named: str, asked: list[Any]) -> None:
    with pytest.raises(CommandError) as refused:
        complete(parse(text), ENDS)
    assert named in str(refused.value) and not asked
    assert "address" in str(refused.value)


def test_names_stay_where_they_belong(asked: list[Any]) -> None:
    frame = complete(parse(f'IP()/UDP()/DNS(qd=DNSQR(qname="{NAME}"))'), ENDS)
    assert b"\x04name\x07example\x00" in frame
    assert NameAsked(NAME).name == NAME and not asked
