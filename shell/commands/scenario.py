"""`scenario`: links that are bad in a way that has a name."""

from __future__ import annotations

from pathlib import Path

from aether.operations import box as operations_box
from aether.operations.link import LinkClear, LinkScenario
from aether.world import World
from shell import scenarios
from shell.commands.common import FORCE
from shell.commands.link import LINK
from shell.files.writing import write
from shell.language.grammar import CommandError, argument, command, option
from shell.results.message import Message
from shell.results.scenario import ScenarioList, ScenarioReport, ScenarioRow
from shell.session import Session

WHAT = argument("what", str, "a scenario's name, or a TOML file of your own", complete="scenarios")


@command("scenario list", examples=("scenario list",))
def list_(session: Session) -> ScenarioList:
    """List the scenarios that come with the program."""
    found = [scenarios.find(name) for name in scenarios.names()]
    return ScenarioList([ScenarioRow(each.name, each.title) for each in found])


@command("scenario show", WHAT, examples=("scenario show satellite", "scenario show my-link.toml"))
def show(session: Session, what: str) -> ScenarioReport:
    """Show what a scenario does to a link, without loading it."""
    return _report(scenarios.find(what))


@command("scenario load", WHAT, LINK, examples=("scenario load lossy-wifi", "scenario load dialup --link wan"))
def load(session: Session, what: str, link: str) -> ScenarioReport:
    """Make a link as a scenario has it; whatever was set before is taken away."""
    found = scenarios.find(what)
    session.do(LinkScenario(
        link=link, name=found.name, out=dict(scenarios.ordered(found.of("out"))),
        inward=dict(scenarios.ordered(found.of("in"))), nat=found.nat))
    return _report(found, link)


@command("scenario off", LINK, examples=("scenario off",))
def off(session: Session, link: str) -> Message:
    """Make a link good again: `link clear` by another name."""
    session.do(LinkClear(link=link))
    return Message(f"{link} is a good link again")


@command(
    "scenario save", argument("file", str, "the file to write, ending in .toml", complete="files"), LINK,
    option("--title", "a title for it", str, metavar="TEXT", default=""),
    FORCE,
    examples=("scenario save my-link.toml", 'scenario save campus.toml --title library'),
)
def save(session: Session, file: str, link: str, title: str, force: bool) -> Message:
    """Write how a link is now to a file that `scenario load` reads."""
    if not file.endswith(scenarios.SUFFIX):
        raise CommandError(f"a scenario's file ends in {scenarios.SUFFIX}: {file}{scenarios.SUFFIX}")
    title = title or Path(file).name.removesuffix(scenarios.SUFFIX)
    if '"' in title or "\\" in title or not title.isprintable() or len(title) > scenarios.MAX_TEXT:
        raise CommandError(f"a title is up to {scenarios.MAX_TEXT} plain characters, without quotes")

    def settings(world: World) -> dict[str, dict[str, str]]:
        if link not in world.links:
            raise CommandError(f"no link {link!r} here. There are: {', '.join(world.links)}")
        ends = world.links[link]
        found = {name: port.pipe.changed() for name, port in (("out", ends.left), ("in", ends.right))}
        return {**found, "nat": operations_box.box(world, link).settings}

    found = session.ask(settings)
    if not any(found.values()):
        raise CommandError(f"nothing is set on {link}, so there is nothing to save. `help link` shows what can be")
    if found["out"] == found["in"]:
        found = {"both": found["out"], "nat": found["nat"]}
    write(file, scenarios.to_toml(title, found), force=force, again=f"scenario save {file} --force")
    return Message(f"{link} as it is now is in {file}", f"scenario load {file}")


def _report(found: scenarios.Scenario, link: str = "") -> ScenarioReport:
    out, inward = ([f"{name} {value}" for name, value in found.of(way).items()] for way in ("out", "in"))
    nat = [f"{name} {value}" for name, value in found.nat.items()]
    return ScenarioReport(found.name, found.title, found.about, out, inward, nat, link)
