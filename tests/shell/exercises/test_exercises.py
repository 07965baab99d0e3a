"""Exercises: a right part is called right, a wrong one is told its mistake, and no code of a learner's does harm."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from shell.commands import exercise as commands
from shell.language.grammar import CommandError
from shell.lessons.exercises import running
from shell.lessons.exercises.catalogue import EXERCISES
from shell.lessons.exercises.stories import mistakes, told
from shell.results.exercise import ExerciseCheck, ExerciseComparison, ExerciseReport
from shell.results.plot import PlotReport, PlotTable
from tests.shell.conftest import Shell
from tests.shell.direct import session

PARTS = Path(__file__).parent / "parts"
WRONG = [
    # the part, what becomes what, a check that fails, and what is said of it
    ("rto", "if resent:", "if False:", "A segment that was sent twice is not measured", "Karn's rule"),
    ("rto", "max(self.rto, self.minimum)", "self.rto", "The time-out is not below the minimum", "there is no minimum"),
    ("rto", "self.srtt + 4 * self.rttvar", "self.srtt", "The first measurement sets SRTT to R and RTTVAR to R/2",
     "K·RTTVAR is missing"),
    ("rto", "self.rto = min(2 * self.timeout(), self.maximum)", "pass",
     "The time-out doubles each time that the timer runs out", "does not double"),
    ("checksum", "return total ^ 0xFFFF", "return total", "The example of RFC 1071 comes to 0x220d", "the sum itself"),
    ("checksum", "while total >> 16:", "if total >> 16:", "A carry that carries again is added again", "added once"),
    ("checksum", 'data += b"\\0"', 'data = data[:-1] + b"\\0" + data[-1:]',
     "An odd number of bytes is filled up with a zero at the right", "at the right of its word"),
    ("checksum", "(data[index] << 8) + data[index + 1]", "data[index] + (data[index + 1] << 8)",
     "The byte that comes first is the higher one of its word", "swapped"),
    ("arp", "self.lookup(now, sender) is not None or target == self.address", "True",
     "What is about others is neither answered nor remembered", "remembers everybody"),
    ("arp", "now - confirmed > self.lifetime", "False", "An entry ends after its lifetime", "entries never end"),
    ("arp", "self.lookup(now, sender) is not None or ", "", "Who is known is brought up to date by any packet of his",
     "the merge comes before"),
    ("arp", 'return operation == "request" and target', "return target",
     "Whoever answers us is remembered, and gets no answer to that", "only requests are answered"),
    ("reassembly", "(number - self.next) % 2**32 < 2**31", "number == (self.next + index) % 2**32",
     "What comes too early waits for what is missing", ""),
    ("reassembly", "% 2**32", "% 2**40", "After 4294967295 comes 0", "after 4294967295 comes 0"),
    ("reassembly", "        while self.next", "        if (sequence - self.next) % 2**32 >= 2**31:\n"
     "            return b''\n        while self.next", "Of what is partly old, the new part is delivered", ""),
    ("reassembly", "        found = bytearray()",
     "        if (sequence - self.next) % 2**32 >= 2**31 and len(data) == 10:\n            return data\n"
     "        found = bytearray()", "What comes twice is delivered once", "delivered again"),
    ("congestion", "self.cwnd += min(count, self.mss)", "self.cwnd += self.mss",
     "It counts bytes, not acknowledgements", "counts as a whole segment"),
    ("congestion", "        self.cwnd = self.ssthresh\n", "        self.cwnd = self.mss\n",
     "A loss halves what was on its way", "that is for a time-out"),
    ("congestion", "self.cwnd += self.mss * count / self.cwnd", "self.cwnd += count",
     "From ssthresh on it grows by one segment a round trip", "slow start goes on"),
    ("congestion", "max(flight // 2, 2 * self.mss)", "max(self.cwnd // 2, 2 * self.mss)",
     "A loss halves what was on its way", "half of the window"),
]
RIGHT_RTO = (PARTS / "rto_right.py").read_text()


@pytest.fixture(autouse=True)
def as_oneself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run as somebody who is not root, which whoever runs the tests may be."""
    monkeypatch.setattr(running, "privileged", lambda: False)


def checked(tmp_path: Path, source: str) -> ExerciseReport:
    file = tmp_path / "mine.py"
    file.write_text(source)
    return commands.check(session(), str(file))


def row(report: ExerciseReport, title: str) -> ExerciseCheck:
    return next(each for each in report.checks if each.title == title)


def refusal(tmp_path: Path, source: str) -> str:
    with pytest.raises(CommandError) as found:
        checked(tmp_path, source)
    return str(found.value).replace(str(tmp_path), "")


def method(body: str) -> str:
    """Return the right estimator with another body of `measured`."""
    return RIGHT_RTO.replace("        if resent:\n            return\n", "".join(
        f"        {line}\n" for line in body.splitlines()))


@pytest.mark.parametrize("name", EXERCISES)
def test_a_right_part_is_called_right(tmp_path: Path, name: str) -> None:
    report = checked(tmp_path, (PARTS / f"{name}_right.py").read_text())
    assert [each.title for each in report.checks if each.verdict != "ok"] == []
    assert report.exercise == name and not report.failure


@pytest.mark.parametrize("name, old, new, title, words", WRONG, ids=lambda value: value[:24])
def test_a_wrong_part_is_told_its_mistake(
    tmp_path: Path, name: str, old: str, new: str, title: str, words: str,
) -> None:
    source = (PARTS / f"{name}_right.py").read_text()
    assert old in source
    report = checked(tmp_path, source.replace(old, new))
    found = row(report, title)
    assert found.verdict == "wrong"
    assert " is right" in found.observed
    assert words in found.mistake
    assert "not hold" in report.failure


@pytest.mark.parametrize("name", EXERCISES)
def test_every_mistake_is_known_by_what_comes_of_it(name: str) -> None:
    model = EXERCISES[name].model()
    checks = [each for each in model.checks if each.names_mistakes]
    assert not any(told(model, each, list(each.story(model.make("")))).observed for each in checks)
    for mistake, words in model.mistakes.items():
        every = [told(model, each, list(each.story(model.make(mistake)))) for each in checks]
        assert {found for found in mistakes(model, every) if found} == {words}, mistake


@pytest.mark.parametrize("name", EXERCISES)
def test_what_one_begins_with_is_said_to_be_unwritten(tmp_path: Path, name: str) -> None:
    template = EXERCISES[name].template()
    report = checked(tmp_path, template)
    assert report.passed == 0
    for each in report.checks[:-1]:
        assert each.observed.startswith("not written yet: ")
        assert template.splitlines()[each.line - 1].strip() == each.code == "raise NotImplementedError"


@pytest.mark.parametrize("body, words, code", [
    ("rtt / 0", "ZeroDivisionError in measured: float division by zero", "rtt / 0"),
    ("raise KeyError", "KeyError in measured", "raise KeyError"),
    ("raise SystemExit(0)", "ends the program in measured: return instead", "raise SystemExit(0)"),
    ("self.measured(rtt, resent)", "calls itself without an end in measured", "self.measured(rtt, resent)"),
    ("bytes(4 << 30)", "takes more than 1,024 MB of memory in measured", "bytes(4 << 30)"),
    ("input('rtt? ')", "EOFError in measured", "input('rtt? ')"),
    ("import numpy_that_is_not_there", "ModuleNotFoundError in measured", "import numpy_that_is_not_there"),
    ("class Odd(Exception):\n    def __str__(self): return 7\nraise Odd", "Odd in measured", "raise Odd"),
])
def test_what_the_code_raises_is_said_with_its_place(tmp_path: Path, body: str, words: str, code: str) -> None:
    source = method(body)
    found = row(checked(tmp_path, source), "Later ones are smoothed")
    assert found.verdict == "failed"
    assert found.observed.startswith(words)
    assert source.splitlines()[found.line - 1].strip() == found.code == code


@pytest.mark.parametrize("body", [
    "while True: pass",
    "while True:\n    try:\n        rtt += 1\n    except BaseException:\n        pass",
    "while True: print('x' * 1000)",
    "import time\ntime.sleep(1000)",
    "import os\nos._exit(0)",
    "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
    "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
])
def test_code_without_an_end_or_with_a_sudden_one_is_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str,
) -> None:
    monkeypatch.setattr(running, "SECONDS", 0.5)
    monkeypatch.setattr(running, "CLOCK_SECONDS", 6.0)
    source = method(body)
    report = checked(tmp_path, source)
    failed = [each for each in report.checks if each.verdict == "failed"]
    assert [each.title for each in failed] == ["The first measurement sets SRTT to R and RTTVAR to R/2"]
    assert report.checks[0].verdict == "ok" and report.checks[-1].verdict == "untried"
    if "while" in body or "sleep" in body:
        assert failed[0].observed.startswith("does not come to an end")
        assert failed[0].line in range(source.count("\n", 0, source.index("def measured")) + 2, 40)
    else:
        assert "has ended its process" in failed[0].observed or "was ended" in failed[0].observed
    assert len(report.printed) <= 11


@pytest.mark.parametrize("old, new, words", [
    ("return min(max", "min(max", "timeout() gave nothing (None); a number of seconds is wanted"),
    ("return min(max(self.rto, self.minimum), self.maximum)", "return '1 s'",
     "timeout() gave '1 s', which is of type str; a number of seconds is wanted"),
    ("return min(max(self.rto, self.minimum), self.maximum)", "return float('nan')", "a number of seconds is wanted"),
    ("def timeout(self)", "def time_out(self)", "RtoEstimator has no timeout"),
    (", minimum: float = 1.0, maximum: float = 60.0", "", "TypeError: RtoEstimator.__init__() takes 1 positional"),
    ("resent: bool", "", "TypeError: RtoEstimator.measured() takes 2 positional"),
])
def test_a_wrong_type_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    report = checked(tmp_path, RIGHT_RTO.replace("self.timeout()", "1").replace(old, new))
    failed = [each for each in report.checks if each.verdict == "failed"]
    assert failed and words in failed[0].observed


@pytest.mark.parametrize("source, words", [
    ("class RtoEstimator\n    pass\n", "/mine.py:1: no Python: expected ':'\n    class RtoEstimator"),
    ("import not_there_at_all\n\n\nclass RtoEstimator:\n    pass\n",
     "/mine.py:1: ModuleNotFoundError: No module named 'not_there_at_all'\n    import not_there_at_all"),
    ("from aether.tcp.rto import RoundTrip\n\n\nclass RtoEstimator(RoundTrip):\n    pass\n",
     "/mine.py:1: takes aether.tcp.rto from Aether: the part is to be your own"),
    ("x = 1\n", "/mine.py: defines none of the parts that exercises ask for: checksum (checksum), ArpCache (arp)"),
    ("", "/mine.py: defines none of the parts"),
    ("class RtoEstimator:\n    pass\n\n\ndef checksum(data):\n    return 0\n", "parts of several exercises"),
    ("def checksum(data):\n    return 0\n\n\nchecksum = 7\n", "checksum is no function"),
    ("while True:\n    pass\n\n\ndef checksum(data): ...\n", ": does not come to an end"),
    ("import sys\nsys.exit()\n\n\ndef checksum(data): ...\n", "/mine.py:2: ends the program"),
    ("(" * 3000 + ")" * 3000, "/mine.py"),
    ("def checksum(data):\n\treturn 0\n        return 1\n", "/mine.py:3: no Python"),
    ("x = '\0'\ndef checksum(data): ...\n", "/mine.py: no Python"),
    ("#" * 70_000, "is larger than 64 kB"),
])
def test_a_file_that_is_no_part_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, words: str,
) -> None:
    monkeypatch.setattr(running, "SECONDS", 0.5)
    said = refusal(tmp_path, source)
    assert words in said
    assert "Traceback" not in said


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="No such file"):
        commands.check(session(), str(tmp_path / "nowhere.py"))
    with pytest.raises(CommandError, match="a directory"):
        commands.check(session(), str(tmp_path))
    (tmp_path / "latin.py").write_bytes(b"# fine\n# caf\xe9\n")
    with pytest.raises(CommandError, match=r"latin\.py:2: this is no text in UTF-8"):
        commands.check(session(), str(tmp_path / "latin.py"))


def test_what_the_code_prints_is_shown_and_not_mistaken_for_a_verdict(tmp_path: Path) -> None:
    forged = "print('{\"check\": 0, \"observed\": \"forged\"}')"
    report = checked(tmp_path, f"{RIGHT_RTO}\n{forged}\nprint('\\x1b[2Jhello')\n")
    assert not report.failure
    assert report.printed == ['{"check": 0, "observed": "forged"}', "\x1b[2Jhello"]


def test_ctrl_c_ends_the_code_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pid = tmp_path / "pid"
    source = (f"import os, time\nopen({str(pid)!r}, 'w').write(str(os.getpid()))\ntime.sleep(1000)\n"
              "def checksum(d): ...\n")

    def interrupted(answers: int, output: int, patience: float) -> tuple[bytes, str]:
        while not pid.exists() or not pid.read_text():
            time.sleep(0.02)
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "_read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        checked(tmp_path, source)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_what_the_code_left_behind_ends_with_it(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    checked(tmp_path, f"import subprocess\nopen({str(pid)!r}, 'w').write(str(subprocess.Popen(['sleep', '600']).pid))\n"
            + (PARTS / "checksum_right.py").read_text())
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            os.kill(int(pid.read_text()), 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{pid.read_text()}/stat").read_text().split()[2] == "Z":
            return  # it has ended, and whoever inherits it has not looked yet
        time.sleep(0.02)
    os.kill(int(pid.read_text()), signal.SIGKILL)
    pytest.fail("what the code started goes on")


@pytest.mark.parametrize("user", ["root", "capabilities"])
def test_nothing_is_run_with_roots_rights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: str,
) -> None:
    monkeypatch.undo()
    ran = tmp_path / "ran"
    monkeypatch.setattr(os, "geteuid", lambda: 0 if user == "root" else 1000)
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    monkeypatch.setattr(running, "Path", lambda path: type("Status", (), {"read_text": lambda self: (
        "CapEff:\t0000000000003000\n")})())
    with pytest.raises(CommandError, match="not run with root's rights"):
        checked(tmp_path, f"open({str(ran)!r}, 'w')\ndef checksum(data): ...\n")
    assert not ran.exists()


@pytest.mark.parametrize("name", ["rto", "congestion"])
def test_a_part_is_plotted_beside_the_stacks_and_the_lab_stays(tmp_path: Path, name: str) -> None:
    lab = session()
    for line in (("rate", "4mbit"), ("delay", "20ms"), ("loss", "1%")):
        from aether.operations.link import LinkSet

        lab.do(LinkSet(what=line[0], value=line[1]))
    before = lab.ask(lambda world: world.state_hash())
    report = commands.use(lab, str(PARTS / f"{name}_right.py"))
    assert isinstance(report, PlotReport)
    names = [series.name for series in report.series]
    assert "yours" in names and any(each.startswith("the stack's") for each in names)
    assert all(len(series.values) > 10 for series in report.series)
    assert report.notes
    assert lab.ask(lambda world: world.state_hash()) == before
    table = commands.use(lab, str(PARTS / f"{name}_right.py"), csv=True)
    assert isinstance(table, PlotTable) and len(table.rows) > 20




@pytest.mark.parametrize("name", ["checksum", "arp", "reassembly"])
def test_a_part_is_compared_with_the_stacks(tmp_path: Path, name: str) -> None:
    lab = session()
    from aether.operations.link import LinkSet

    lab.do(LinkSet(what="loss", value="2%"))
    lab.do(LinkSet(what="reorder", value="10%"))
    right = commands.use(lab, str(PARTS / f"{name}_right.py"))
    assert isinstance(right, ExerciseComparison)
    assert right.compared == right.agreed >= 4
    old, new = {"checksum": ("^ 0xFFFF", "^ 0"), "arp": ('operation == "request"', 'operation != "request"'),
                "reassembly": ("2**31:", "1:")}[name]
    wrong = tmp_path / "wrong.py"
    wrong.write_text((PARTS / f"{name}_right.py").read_text().replace(old, new))
    found = commands.use(lab, str(wrong))
    assert isinstance(found, ExerciseComparison)
    assert found.agreed < found.compared and found.first


def test_a_part_that_fails_in_use_is_told_its_place(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(method("rtt / 0"))
    with pytest.raises(CommandError, match=r"mine\.py:12: ZeroDivisionError in measured: float division by zero"):
        commands.use(session(), str(file))


@pytest.mark.parametrize("change", [
    lambda lab: setattr(lab, "kind", "TAP"), lambda lab: setattr(lab, "replayed", True)])
def test_use_wants_a_simulated_lab(change: Callable[[object], None]) -> None:
    here = session()
    change(here.lab)
    with pytest.raises(CommandError, match="copy of the simulated lab"):
        commands.use(here, str(PARTS / "rto_right.py"))


def test_the_shell_says_it_all(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert "rto" in shell.run("exercise list")
    assert "def timeout(self) -> float" in shell.run("exercise show rto")
    assert "rto.py written" in shell.run("exercise start rto")
    assert "there already" in shell.fail("exercise start rto")
    assert "there is no exercise 'rtt'" in shell.fail("exercise start rtt")
    (tmp_path / "rto.py").write_text(RIGHT_RTO.replace("if resent:", "if False:"))
    said = shell.fail("exercise check rto.py")
    assert "1 of 9 checks does not hold" in said
    for form in ("", " --plain", " --json"):
        (tmp_path / "rto.py").write_text(RIGHT_RTO)
        assert "The time-out is not above the maximum" in shell.run(f"exercise check rto.py{form}")
        assert "yours" in shell.run(f"exercise use rto.py{form}")
