"""A digest of a state: a canonical walk over the declared fields of every object.

Pickles of equal states differ (they remember which strings were shared), so they cannot be
compared; this can. An object takes part with its ``__slots__`` or ``__dict__``, except for
what its class lists in ``UNHASHED``, or with what its method ``canonical()`` returns. A
compiled class has no ``__slots__``; mypyc lists them elsewhere, and ours are sorted. Objects
that were met before are named by the order of their first visit, so cycles end.
"""

from collections import deque
from hashlib import blake2b
from typing import Any


def state_hash(root: object) -> str:
    """Return 32 hexadecimal digits; TypeError for a set, a function or anything else without order."""
    digest = blake2b(digest_size=16)
    met: dict[int, int] = {}
    keep: list[object] = []
    stack: list[Any] = [root]
    while stack:
        value = stack.pop()
        if value is None or isinstance(value, (bool, int, float, str)):
            digest.update(f"{type(value).__name__}:{value!r};".encode())
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
    name = type(value).__name__
    if isinstance(value, dict):
        return [f"{name}{len(value)}", *(part for item in value.items() for part in item)]
    if isinstance(value, (list, tuple, deque)):
        return [f"{name}{len(value)}", *value]
    if isinstance(value, type):
        return ["class", value.__qualname__]
    if isinstance(value, (set, frozenset)) or callable(value):
        raise TypeError(f"a {name} has no place in the state of a world: {value!r}")
    if hasattr(value, "canonical"):
        return [name, *value.canonical()]
    parts: list[Any] = [name]
    for field in declared_fields(value):
        if hasattr(value, field):
            parts += (field, getattr(value, field))
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
