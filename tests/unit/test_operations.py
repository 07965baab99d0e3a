"""Operations say of themselves where they are carried out."""

from __future__ import annotations

from dataclasses import dataclass, fields

import pytest

import aether.operations  # noqa: F401 - which registers them
from aether.operations.base import OPERATIONS, Goes, Operation, operation


@pytest.mark.parametrize("cls", OPERATIONS.values(), ids=list(OPERATIONS))
def test_each_says_to_which_workers_it_goes(cls: type[Operation]) -> None:
    assert isinstance(cls.__dict__["goes"], Goes)
    if cls.goes is Goes.OWNER:
        assert {"conn", "host"} <= {field.name for field in fields(cls)}, "it is about a connection of a host"


def test_one_that_does_not_say_is_none() -> None:
    with pytest.raises(TypeError, match="Silent does not say to which workers it goes"):
        @operation
        @dataclass(slots=True)
        class Silent(Operation):
            host: str = "you"
    assert "Silent" not in OPERATIONS
