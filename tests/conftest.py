"""What every test shares: repeatable examples, nobody's own files, and no skip where everything has to run."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Generator
from importlib import import_module

import pytest
from hypothesis import settings

from aether.engine.bench import COLLECT_TRACING
from tests import nobody

# Else each worker, and each of the hundreds of programs that the tests start, compiles every module again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

nobody.begin()  # before the workers start, and before anything of the shell is imported

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
# As every lab in trace mode does: else thousands of tests are walked again and again while they are collected.
gc.set_threshold(*COLLECT_TRACING)


LEFT_OUT = {"browser": "hundreds of megabytes with all it needs, for one test"}
"""What a machine where every test has to run may still lack, and why: a test marked ``large(NAME)`` may be skipped."""


def pytest_sessionstart() -> None:
    """Make sure that compiled modules are tested where AETHER_COMPILED=1 says so: beside each lies its plain source."""
    if os.environ.get("AETHER_COMPILED") != "1":
        return
    from tools.compiled import MODULES

    for path in MODULES:
        module = import_module(path.removesuffix(".py").replace("/", "."))
        if (module.__file__ or "").endswith(".py"):
            pytest.exit(f"{module.__name__} is to be compiled here, and {module.__file__} is loaded", 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Play what fails against the clock of a real machine twice more: four of these tests share two cores.

    The summary names each, so that one that fails every other time is seen. Nothing in virtual time has another go.
    """
    for item in items:
        if item.get_closest_marker("tap") or item.get_closest_marker("terminal"):
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Let each test, and every program that it starts, be somebody new."""
    nobody.move()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure that says why, where AETHER_REQUIRE_ALL=1 asks for every test."""
    report = yield
    left_out = any(name in LEFT_OUT for mark in item.iter_markers("large") for name in mark.args)
    required = os.environ.get("AETHER_REQUIRE_ALL") == "1" and not left_out
    if required and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, and every test has to run here. {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Do the same for a module that skips itself as a whole."""
    report = yield
    if os.environ.get("AETHER_REQUIRE_ALL") == "1" and report.outcome == "skipped":
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} was skipped, and every test has to run here. {reason}"
    return report
