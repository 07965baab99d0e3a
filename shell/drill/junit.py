"""How scripts went, as JUnit's XML, which every CI reads."""

from __future__ import annotations

from xml.etree import ElementTree

from shell.reading.escape import printable
from shell.results.drill import DrillReport
from shell.views.drill import report_plain


def to_junit(report: DrillReport) -> str:
    """Return the report as a document."""
    suite = ElementTree.Element(
        "testsuite", name=f"drill against {report.against}", tests=str(len(report.scripts)),
        failures=str(sum(each.verdict == "failed" for each in report.scripts)),
        errors=str(sum(each.verdict == "error" for each in report.scripts)),
        skipped=str(sum(each.verdict == "differs" for each in report.scripts)), time=f"{report.took_us / 1e6:.3f}")
    for each in report.scripts:
        case = ElementTree.SubElement(
            suite, "testcase", classname="drill", name=printable(each.file), file=printable(each.file),
            time=f"{each.took_us / 1e6:.3f}")
        if each.verdict == "differs":
            ElementTree.SubElement(case, "skipped", message=printable(each.known))
        elif each.verdict != "ok":
            kind = "failure" if each.verdict == "failed" else "error"
            place = each.place or f":{each.line}"
            found = ElementTree.SubElement(case, kind, message=printable(f"{each.file}{place}: {each.problem}"))
            alone = DrillReport([each], 0, 1, each.took_us, report.against)
            found.text = "\n".join(report_plain(alone)[:-1])
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"
