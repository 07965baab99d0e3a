"""A table whose words are never broken: where there is no room for them side by side, each row is a few lines."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

INDENT = 2
"""Columns before what follows the first line of a row that is drawn as lines."""


class WordsTable(Table):
    """A table without a box, in which columns share the width so that words stay whole."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the table, or its rows as lines."""
        between = sum(self.padding[index] for index in (1, 3)) * (len(self.columns) - (0 if self.pad_edge else 1))
        room = options.max_width - between
        needs = [self._need(console, options, index) for index in range(len(self.columns))]
        if not self.columns or sum(need.maximum for need in needs) <= room:
            yield from super().__rich_console__(console, options)
        elif sum(need.minimum for need in needs) <= room:
            for column, width in zip(self.columns, _shared(needs, room), strict=True):
                column.width = width
            yield from super().__rich_console__(console, options)
        else:
            yield from self._as_lines(console, options)

    def _need(self, console: Console, options: ConsoleOptions, index: int) -> Measurement:
        """Return the width of the longest word of a column, and of its longest cell."""
        column = self.columns[index]
        cells = [*([column.header] if self.show_header else []), *column.cells]
        found = [Measurement.get(console, options.update(width=FAR), cell) for cell in cells]
        longest = max((1, *(each.maximum for each in found)))
        return Measurement(longest if column.no_wrap else max((1, *(each.minimum for each in found))), longest)

    def _as_lines(self, console: Console, options: ConsoleOptions) -> RenderResult:
        headers = [_text(console, column.header) if self.show_header else Text() for column in self.columns]
        for row in zip(*(column.cells for column in self.columns), strict=True):
            cells = [(header, _text(console, cell)) for header, cell in zip(headers, row, strict=True)]
            shown = [(header, cell) for header, cell in cells if cell.plain.strip()]
            head = 2 if len(shown) > 1 and shown[0][1].cell_len <= SHORT else 1
            yield from Text("  ").join(cell for _, cell in shown[:head]).wrap(console, options.max_width)
            rest = [Text.assemble(header.plain, " " if header.plain else "", cell) for header, cell in shown[head:]]
            for line in _packed(rest, options.max_width - INDENT):
                for part in line.wrap(console, max(options.max_width - INDENT, 1), overflow="fold"):
                    yield Text.assemble(" " * INDENT, part)


SHORT = 4
"""Columns of a first cell, such as a number or a mark, beside which the second one stands."""
FAR = 10_000
"""Columns in which nothing is broken."""


def _text(console: Console, cell: object) -> Text:
    return cell.copy() if isinstance(cell, Text) else console.render_str(str(cell))


def _shared(needs: list[Measurement], room: int) -> list[int]:
    """Return the widths of columns: the widest gives way first, to half of what it wants, so that few are broken."""
    widths = [min(need.maximum, room) for need in needs]

    def gives(index: int) -> tuple[bool, int]:
        wants = needs[index].maximum
        return wants // 2 < widths[index] < wants, widths[index]

    while sum(widths) > room:
        widths[max((index for index, need in enumerate(needs) if widths[index] > need.minimum), key=gives)] -= 1
    return widths


def _packed(items: list[Text], room: int) -> list[Text]:
    """Return items with commas between them, as many in each line as there is room for."""
    lines: list[Text] = []
    for item in items:
        if lines and lines[-1].cell_len + 2 + item.cell_len <= room:
            lines[-1] = Text.assemble(lines[-1], ", ", item)
        else:
            lines.append(item)
    return lines
