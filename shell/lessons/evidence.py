"""What a step leaves behind for whoever grades it: its recording, and what the learner said meanwhile.

The recording has every input of the lab, from its beginning, with the world's time; the marks have what is no input of
the world: where the step began, answers, commands that a check asks for, hints, and the end.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

BEGUN, ANSWER, RAN, HINT, SHOWN, SKIPPED, OVER = "begun", "answer", "ran", "hint", "shown", "skipped", "over"
KINDS = (BEGUN, ANSWER, RAN, HINT, SHOWN, SKIPPED, OVER)
MAX_RECORDING = 4 << 20
"""Bytes of a recording, unpacked."""
MOST_MARKS = 1000


@dataclass(slots=True)
class Mark:
    """Something that a learner did, or that befell the step."""

    what: str
    """One of `KINDS`."""
    wall: float
    """Seconds of the wall's clock since the step began."""
    occurrence: int
    time: int
    """World time, in microseconds."""
    text: str = ""
    """The answer, or the command."""
    values: dict[str, float] = field(default_factory=dict)
    """Numbers in the command's result that a check asks for."""


@dataclass(slots=True)
class StepEvidence:
    """How one step was done."""

    seed: int
    fault: str
    since: int
    """The occurrence at which the lab was set up."""
    index: int
    marks: list[Mark]
    recording: str
    """Packed; empty where what happened cannot be repeated: behind a TAP, and after benchmark mode."""


def pack(recording: str) -> str:
    """Return a recording as it stands in a report."""
    return base64.b64encode(zlib.compress(recording.encode(), 9)).decode() if recording else ""


def unpack(packed: str) -> str:
    """Return the recording; ValueError if it is none, or too large."""
    try:
        inflate = zlib.decompressobj()
        data = inflate.decompress(base64.b64decode(packed, validate=True), MAX_RECORDING)
    except (binascii.Error, zlib.error) as problem:
        raise ValueError(f"no recording: {problem}") from None
    if inflate.unconsumed_tail:
        raise ValueError("a recording that is too large")
    return data.decode()


def as_data(evidence: StepEvidence) -> dict[str, Any]:
    """Return evidence as plain data."""
    return asdict(evidence)


def from_data(data: Any) -> StepEvidence:
    """Return the evidence that plain data has; ValueError, KeyError or TypeError if it has none."""
    marks = [Mark(str(each["what"]), float(each["wall"]), int(each["occurrence"]), int(each["time"]),
                  str(each["text"]), {str(name): float(value) for name, value in each["values"].items()})
             for each in data["marks"]]
    if len(marks) > MOST_MARKS or any(each.what not in KINDS for each in marks):
        raise ValueError("marks that are none")
    return StepEvidence(
        int(data["seed"]), str(data["fault"]), int(data["since"]), int(data["index"]), marks, str(data["recording"]))


def own_seed(seed: int, course: str, learner: str) -> int:
    """Return the seed of a lesson for one learner of a course: others get other numbers, addresses of ports and losses.

    Without a learner it is the lesson's own.
    """
    if not learner:
        return seed
    text = f"{course}\0{' '.join(learner.casefold().split())}\0{seed}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def fingerprint(evidence: StepEvidence, inputs: Sequence[Any]) -> str:
    """Return what two recordings of the same inputs at the same times have in common, whatever their seeds."""
    text = repr([(each.time, each.data) for each in inputs] + [
        (round(each.wall, 1), each.what) for each in evidence.marks])
    return hashlib.sha256(text.encode()).hexdigest()[:16]
