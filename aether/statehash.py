"""A digest of a state: a canonical walk over the declared fields of every object.

Pickles of equal states differ (they remember which strings were shared), so they cannot be
compared; this can. An object takes part with its ``__slots__`` or ``__dict__``, except for
what its class lists in ``UNHASHED``, or with what its method ``canonical()`` returns. Its
class goes by its name, or by the one in ``HASHED_AS``, which it had when the first runs were
written down: digests of old runs stay comparable. A
compiled class has no ``__slots__``; mypyc lists them elsewhere, and ours are sorted. Objects
that were met before are named by the order of their first visit, so cycles end.
"""

from collections import deque
from collections.abc import Iterable
from hashlib import blake2b
from itertools import chain
from typing import Any

_PLAIN = frozenset((int, str, bool, float, type(None)))
_UNSET = object()


def state_hash(root: object) -> str:
    """Return 32 hexadecimal digits; TypeError for a set, a function or anything else without order."""
    digest = blake2b(digest_size=16)
    met: dict[int, int] = {}
    keep: list[object] = []
    stack = _row((root,))[::-1]
    while stack:
        value = stack.pop()
        if type(value) is str:  # of plain values, ready for the digest: see _parts
            digest.update(value.encode())
        elif isinstance(value, (bytes, bytearray, memoryview)):
            digest.update(b"b%d:" % len(value))
            digest.update(value)
        elif id(value) in met:
            digest.update(b"@%d;" % met[id(value)])
        else:
            if not isinstance(value, tuple):
                met[id(value)] = len(met)
                keep.append(value)
            stack.extend(reversed(_parts(value)))
    return digest.hexdigest()


def _parts(value: Any) -> list[Any]:
    """Return what a value is made of; rows of plain values are one text, as they stand in the digest."""
    kind = type(value)
    name = getattr(kind, "HASHED_AS", kind.__name__)
    if isinstance(value, dict):
        return _row((f"{name}{len(value)}", *chain.from_iterable(value.items())))
    if isinstance(value, (list, tuple, deque)):
        return _row((f"{name}{len(value)}", *value))
    if isinstance(value, type):
        return _row(("class", value.__qualname__))
    if isinstance(value, (set, frozenset)) or callable(value):
        raise TypeError(f"a {name} has no place in the state of a world: {value!r}")
    if hasattr(value, "canonical"):
        return _row((name, *value.canonical()))
    return _fields(name, value)


def _row(values: Iterable[Any]) -> list[Any]:
    """Return values with those that are plain in one text, as far as they follow each other."""
    parts: list[Any] = []
    text = ""
    for value in values:
        kind = type(value)
        if kind in _PLAIN or isinstance(value, (int, float, str)):
            text += f"{kind.__name__}:{value!r};"
        else:
            parts += (text, value)
            text = ""
    parts.append(text)
    return parts


def _fields(name: str, value: object) -> list[Any]:
    """Return what `_row` would of the name, and of all fields with theirs: most of a state is this."""
    parts: list[Any] = []
    text = f"str:{name!r};"
    for field in declared_fields(value):
        part = getattr(value, field, _UNSET)
        if part is _UNSET:
            continue
        kind = type(part)
        if kind in _PLAIN or isinstance(part, (int, float, str)):
            text += f"str:{field!r};{kind.__name__}:{part!r};"
        else:
            parts += (f"{text}str:{field!r};", part)
            text = ""
    parts.append(text)
    return parts


_slots: dict[type, tuple[tuple[str, ...], tuple[str, ...]]] = {}


def declared_fields(value: object) -> tuple[str, ...]:
    """Return the names of the fields of an object that take part in the digest, in their order."""
    cls = type(value)
    if cls not in _slots:
        names: list[str] = []
        unhashed: tuple[str, ...] = ()
        for base in reversed(cls.__mro__):
            names += base.__dict__.get("__slots__") or sorted(base.__dict__.get("__mypyc_attrs__", ()))
            unhashed += base.__dict__.get("UNHASHED", ())
        _slots[cls] = tuple(name for name in names if name not in unhashed), unhashed
    names_, unhashed = _slots[cls]
    return names_ + tuple(name for name in getattr(value, "__dict__", ()) if name not in unhashed)
