"""Plain tables and amounts, as the command line prints them."""

from __future__ import annotations

from collections.abc import Sequence


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> str:
    """Columns two blanks apart; the first `left` of them are aligned to the left."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    text = ""
    for line in lines:
        cells = [
            word.ljust(width) if i < left else word.rjust(width)
            for i, (word, width) in enumerate(zip(line, widths, strict=True))
        ]
        text += "  ".join(cells).rstrip() + "\n"
    return text


def bytes_text(count: int) -> str:
    """For people: "392 B", "12.6 KiB", "1.0 MiB"."""
    if count < 1024:
        return f"{count} B"
    if count < 1024**2:
        return f"{count / 1024:.1f} KiB"
    return f"{count / 1024**2:.1f} MiB"


def percent_text(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.2f} %"
