"""The process that runs the programs of `host -- CMD`: what it hands back, and that it leaves nothing running.

Each test uses a fresh Python process, as the program forks before any thread is started.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
START = """
import os, signal, sys, threading, time
from shell.lab.runner import Runner
runner = Runner(give_root_back=False, limit={limit})
"""


def run(code: str, limit: float = 20) -> str:
    """Run code that has a `runner`, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", START.format(limit=limit) + code + "\nrunner.close()"], capture_output=True, text=True,
        timeout=30, cwd=ROOT, check=False,
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout.strip()


def alive(pid: int) -> bool:
    """Return whether a process runs; one that has ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pid: int, seconds: float = 5) -> bool:
    """Return whether a process ends within so many seconds."""
    until = time.monotonic() + seconds
    while alive(pid):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize(("program", "status", "output"), [
    (["echo", "hello", "world"], 0, "hello world\n"),
    (["sh", "-c", "echo out; echo err >&2; exit 3"], 3, "out\nerr\n"),
    (["sh", "-c", "kill -9 $$"], 137, ""),
    (["cat"], 0, ""),
    (["/no/such/program"], 127, "no program '/no/such/program' on this machine\n"),
    (["/etc/passwd"], 126, "cannot run '/etc/passwd': Permission denied\n"),
    (["echo", "a\0b"], 126, "cannot run 'echo': embedded null byte\n"),
])
def test_what_a_program_leaves_behind(program: list[str], status: int, output: str) -> None:
    assert run(f"done = runner.run({program!r}); print((done.status, done.output))") == repr((status, output))


def test_one_after_the_other_and_from_another_thread() -> None:
    assert run("""
for n in range(3):
    print(runner.run(["echo", str(n)]).output, end="")
thread = threading.Thread(target=lambda: print(runner.run(["echo", "aside"]).output, end=""))
thread.start(); thread.join()
""") == "0\n1\n2\naside"


def test_output_comes_as_it_is_printed() -> None:
    """The first line is here long before the program ends."""
    assert run("""
began, seen = time.monotonic(), []
done = runner.run(["sh", "-c", "echo first; sleep 1; echo second"], lambda text: seen.append((text, time.monotonic())))
print([text for text, _ in seen], seen[1][1] - seen[0][1] > 0.5, done.output == "first\\nsecond\\n")
""") == "['first\\n', 'second\\n'] True True"


def test_letters_that_come_in_two_pieces() -> None:
    assert run("""
print(ascii(runner.run(["sh", "-c", r"printf '\\303'; sleep 0.3; printf '\\244\\377'"]).output))
""") == r"'\xe4\ufffd'"


def test_too_much_output_is_cut_and_counted() -> None:
    assert run("""
done = runner.run(["head", "-c", "3000000", "/dev/zero"])
print(done.status, len(done.output.rstrip("\\0")) > 1 << 20, done.output[-45:].strip())
""") == "0 True ... output beyond 1048576 bytes is not shown"


def test_a_program_that_takes_too_long_is_ended() -> None:
    assert run("""
done = runner.run(["sh", "-c", "echo begun; sleep 100"])
print((done.status, done.output), runner.run(["echo", "on"]).output.strip())
""", limit=0.5) == repr((143, "begun\n\nended after 0.5 s\n")) + " on"


def test_interrupts_reach_the_program() -> None:
    """The first Ctrl-C interrupts; one that takes no notice is ended by the second; the caller sees none of them."""
    assert run("""
def press(*after):
    for seconds in after:
        time.sleep(seconds)
        os.kill(os.getpid(), signal.SIGINT)
for program, times in ((["sleep", "60"], (0.4,)), (["sh", "-c", "trap '' INT; sleep 60"], (0.4, 0.3))):
    threading.Thread(target=press, args=times).start()
    print(runner.run(program).status)
try:
    os.kill(os.getpid(), signal.SIGINT); time.sleep(1)
except KeyboardInterrupt:
    print("as before")
""") == "130\n143\nas before"


def test_what_runs_on_in_the_background_ends_with_the_lab() -> None:
    """A program that leaves a server running does not keep us waiting, and the server is gone in the end."""
    told = run("""
began = time.monotonic()
print(runner.run(["sh", "-c", "sleep 300 & echo $!"]).output.strip())
print(runner.run(["sh", "-c", "setsid sleep 300 > /dev/null & echo $!"]).output.strip())
print(time.monotonic() - began < 5, file=sys.stdout)
""").split()
    assert told.pop() == "True"
    assert [pid for pid in told if not gone(int(pid))] == []


def test_kill_9_leaves_nothing() -> None:
    """The process, and the program that it runs, end when the parent is killed."""
    code = START.format(limit=60) + """
threading.Thread(target=lambda: print(runner._pid, flush=True)).start()
runner.run(["sh", "-c", "echo $$; exec sleep 300"], lambda text: print(text, flush=True))
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        pids = [int(process.stdout.readline()) for _ in range(2)]
        assert all(alive(pid) for pid in pids)
        process.kill()
        process.wait()
    assert [pid for pid in pids if not gone(pid)] == []


def test_kill_9_while_another_process_holds_on_to_our_end() -> None:
    """A fork of the parent keeps the connection open; the process ends all the same, and its program with it."""
    code = START.format(limit=60) + """
other = os.fork()
if other == 0:
    time.sleep(30)
    os._exit(0)
print(other, runner._pid, flush=True)
runner.run(["sh", "-c", "echo $$; exec sleep 300"], lambda text: print(text, flush=True))
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout is not None
        other, *pids = [int(word) for _ in range(2) for word in process.stdout.readline().split()]
        process.kill()
        process.wait()
    try:
        assert alive(other), "or it holds on to nothing"
        assert [pid for pid in pids if not gone(pid)] == []
    finally:
        os.kill(other, signal.SIGKILL)


def test_a_runner_that_was_killed_says_so() -> None:
    assert run("""
os.kill(runner._pid, signal.SIGKILL)
print(runner.run(["echo"]))
""") == (
        "ProgramOutcome(status=1, output='the process that runs programs is gone. Start aether-shell again\\n', "
        "interrupted=False)")


def test_no_descriptor_is_inherited() -> None:
    """A program has its three standard streams and nothing of ours."""
    found = run("print(runner.run(['ls', '/proc/self/fd']).output)").split()
    assert set(found) <= {"0", "1", "2", "3"}, found  # 3 is the directory that ls reads


def test_sigterm_while_the_end_is_noticed_already() -> None:
    """The parent's death closes the pipe and sends SIGTERM; here the second comes while the first is dealt with."""
    pid, status = run("""
import shell.lab.runner as module
class Late(module.suppress):
    def __exit__(self, kind, *rest):
        if kind is EOFError:
            os.kill(os.getpid(), signal.SIGTERM)
        return super().__exit__(kind, *rest)
runner.close()
module.suppress = Late
runner = Runner(give_root_back=False)
print(runner.run(["sh", "-c", "sleep 300 > /dev/null & echo $!"]).output.strip())
runner._connection.close()
print(os.waitpid(runner._pid, 0)[1])
runner._pid = 0
""").split()
    assert (gone(int(pid)), status) == (True, "0")
