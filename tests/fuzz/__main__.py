"""Fuzz: `python -m tests.fuzz [TARGET ...] [--seconds N]`, or `make fuzz`; each target for so long, two at a time.

With atheris (`pip install atheris`; wheels for Linux) coverage guides it, and what reaches new code is kept in
build/fuzz. `--keep` adds the smallest set of those to `tests/fuzz/corpus`. Without atheris, the same inputs are
changed blindly.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec

from tests.fuzz import blind
from tests.fuzz.targets import CORPUS, LONGEST, ROOT, TARGETS, Target

FOUND = ROOT / "build" / "fuzz"
MOST_KEPT = 40
"""Inputs of a corpus in the repository, the smallest first."""


def guided(name: str, target: Target, seconds: int) -> tuple[int, str]:
    """Fuzz a target with coverage; return how many executions there were, and what was found."""
    folder = FOUND / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(target.seeds()):
        (folder / f"seed-{number}").write_bytes(data)
    options = [f"-max_total_time={seconds}", "-timeout=20", "-rss_limit_mb=3000", f"-max_len={LONGEST}",
               f"-artifact_prefix={folder}-", "-print_final_stats=1"]
    if words := target.words():
        dictionary = FOUND / f"{name}.dict"
        dictionary.write_text("".join(f'"{quoted(word)}"\n' for word in words if word))
        options.append(f"-dict={dictionary}")
    (CORPUS / name).mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.guided", name, *options, str(folder), str(CORPUS / name)], cwd=ROOT,
        capture_output=True, text=True, errors="replace", check=False)
    said = done.stderr + done.stdout
    count = re.search(r"number_of_executed_units: (\d+)", said)
    told = "\n".join(line for line in said.splitlines() if not line.startswith(("INFO", "WARNING", "#")))
    return int(count[1]) if count else 0, told[-6000:] if done.returncode else ""


def quoted(word: str) -> str:
    """Return a word as libFuzzer's dictionaries have it."""
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


def keep(name: str) -> int:
    """Add the smallest set of inputs that reach all that was reached to the repository; return how many there are."""
    into = CORPUS / name
    subprocess.run([sys.executable, "-m", "tests.fuzz.guided", name, "-merge=1", str(into), str(FOUND / name)],
                   cwd=ROOT, capture_output=True, check=False)
    kept = sorted(into.iterdir(), key=lambda path: (path.stat().st_size, path.name))
    for path in kept[MOST_KEPT:]:
        path.unlink()
    return min(len(kept), MOST_KEPT)


def main() -> int:
    """Fuzz the targets; return 1 if something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--at-once", type=int, default=2, help="targets that run beside each other")
    parser.add_argument("--blind", action="store_true", help="without coverage, even if there is atheris")
    parser.add_argument("--keep", action="store_true", help="keep the smallest set of it in tests/fuzz/corpus")
    options = parser.parse_args()
    by_coverage = find_spec("atheris") is not None and not options.blind
    print("guided by coverage" if by_coverage else "blindly: there is no atheris here", flush=True)

    def fuzz(name: str) -> tuple[str, int, str, float]:
        began = time.monotonic()
        try:
            if by_coverage:
                count, said = guided(name, TARGETS[name](), options.seconds)
            else:
                count, said = blind.run(name, TARGETS[name](), seconds=options.seconds, seed=int(time.time())), ""
        except Exception as problem:
            count, said = 0, f"{type(problem).__name__}: {problem}\n" + "\n".join(getattr(problem, "__notes__", []))
        return name, count, said, time.monotonic() - began

    names = options.targets or list(TARGETS)
    total = found = 0
    with ThreadPoolExecutor(options.at_once if by_coverage else 1) as pool:
        for name, count, said, seconds in pool.map(fuzz, names):
            total += count
            found += bool(said)
            kept = f", {keep(name)} inputs kept" if options.keep and by_coverage and not said else ""
            print(f"{name:10} {count:>10,} executions in {seconds:.0f} s{kept}{': FOUND' if said else ''}", flush=True)
            if said:
                print(said)
    print(f"{'all':10} {total:>10,} executions, {found} targets with a finding")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
