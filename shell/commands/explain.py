"""`explain`: the glossary."""

from __future__ import annotations

from shell.language.glossary import called, index, shown, terms
from shell.language.grammar import CommandError, argument, command, similar
from shell.lessons import library
from shell.results.explain import GlossaryEntry, TermList
from shell.session import Session


@command("explain", argument("term", str, "a word, such as cwnd or TIME-WAIT; all words if left out", raw="many",
                             default="", complete="terms"), examples=("explain TIME-WAIT", "explain cwnd", "explain"))
def explain(session: Session, term: str) -> GlossaryEntry | TermList:
    """Explain a word, and say which lesson, which RFC and which other words belong to it."""
    if not term.strip():
        return TermList([shown(each).name for each in terms()])
    known = index()
    found = known.get(" ".join(term.split()).casefold())
    if found is None:
        near = similar(term.casefold(), known)
        guess = f" Did you mean: {', '.join(near)}?" if near else ""
        raise CommandError(f"the glossary has no {term!r}.{guess} `explain` lists all words")
    names = {name.casefold() for name in (found.name, *found.also)}
    lessons = [each.id for each in library.headings([library.BUILT_IN])
               if names & {word.casefold() for word in each.terms}]
    said = shown(found)
    return GlossaryEntry(said.name, list(said.also), said.text, said.rfc, [called(each) for each in said.see], lessons)
