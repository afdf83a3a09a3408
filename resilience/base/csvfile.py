"""Read a CSV file into cells, each row with the line it begins in, and say what is wrong with it as a file."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from resilience.base.errors import Problem
from resilience.base.text import say

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

MOST_ROWS = 20  # rows of a wrong number of cells that are told in full
OTHER_SIGNS = {";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}
WIDE = {b"\xff\xfe\x00\x00": "UTF-32", b"\x00\x00\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
NO_TEXT = {b"PK\x03\x04": "xlsx, ods, zip", b"\xd0\xcf\x11\xe0": "xls", b"\x1f\x8b": "gzip"}
_END = "\ue000"  # a sign of nobody's; a row of it alone shows whether the quotes before it were closed


@dataclass(frozen=True)
class Cells:
    """The cells of a CSV file.

    Parameters
    ----------
    header : names of the columns, blanks around them taken off
    rows : cells of each row that is not blank, as many as `header` has
    header_line, lines : the line each begins in, counted from 1 as an editor does
    whole : no row had to be left out

    """

    header: list[str]
    rows: list[list[str]]
    header_line: int
    lines: list[int]
    whole: bool


def read_cells(path: Path, label: str, known: Collection[str], problems: list[Problem]) -> Cells | None:
    """Return the cells of a file, None where there are none to read; faults are appended to `problems`.

    Parameters
    ----------
    path : a file in UTF-8, with or without a byte order mark; columns split by commas
    label : what the file is called in messages
    known : names of columns that may be there, by which a header split by another sign is recognised

    Rows of too many or too few cells are told and left out.

    """
    text = _text(path, label, problems)
    if text is None:
        return None
    records = [(line, row) for line, row in _records(text) if "".join(row).strip()]
    if records and re.fullmatch(r"sep=.", first := ",".join(records[0][1]).strip(" "), re.IGNORECASE):
        line, _ = records.pop(0)
        if first[-1] in OTHER_SIGNS:
            problems.append(_other_sign(label, line, first[-1]))
            return None
    if not records:
        problems.append(Problem("unreadable", label, found=say("problem.no_header")))
        return None
    header_line, names = records.pop(0)
    header = [name.strip() for name in names]
    if any(_END in name for name in header):
        problems.append(Problem("open_quote", label, header_line, found=header[0][:40]))
        return None
    if sign := _sign_of_header(header, known):
        problems.append(_other_sign(label, header_line, sign))
        return None
    if len(header) == 1 and "," in header[0]:
        problems.append(Problem("quoted_line", label, header_line, found=header[0][:80]))
        return None
    while header and not header[-1] and not any("".join(row[len(header) - 1 :]).strip() for _, row in records):
        header.pop()  # a spreadsheet wrote an empty column
        records = [(line, row[: len(header)]) for line, row in records]
    fits = [len(row) == len(header) and _END not in row[-1] for _, row in records]
    good = [record for record, fit in zip(records, fits, strict=True) if fit]
    if len(good) < len(records):
        _report_rows(label, header, [r for r, fit in zip(records, fits, strict=True) if not fit], problems)
    return Cells(header, [row for _, row in good], header_line, [line for line, _ in good], len(good) == len(records))


def _text(path: Path, label: str, problems: list[Problem]) -> str | None:
    """Return what the file says, None where it is no text in UTF-8."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        problems.append(Problem("missing_file", label, found=str(path)))
        return None
    except OSError as error:
        problems.append(Problem("unreadable", label, found=str(error).strip()))
        return None
    for marks, key in ((NO_TEXT, "no_text"), (WIDE, "wide_text")):
        for mark, name in marks.items():
            if content.startswith(mark):
                problems.append(Problem(key, label, found=name))
                return None
    if (at := content.find(b"\x00")) >= 0:
        wide = content.count(b"\x00") > len(content) // 3
        line = None if wide else content.count(b"\n", 0, at) + 1
        problems.append(
            Problem("wide_text", label, found="UTF-16") if wide else Problem("no_text", label, line, found="\\0")
        )
        return None
    try:
        return content.decode("utf-8-sig").lstrip("\ufeff")
    except UnicodeDecodeError as error:
        start = content.rfind(b"\n", 0, error.start) + 1
        end = content.find(b"\n", error.start)
        found = content[start : end if end >= 0 else len(content)].decode("cp1252", "replace").strip()[:60]
        problems.append(Problem("not_utf8", label, content.count(b"\n", 0, error.start) + 1, found=found))
        return None


def _records(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line it begins in; the sign of the end is put to a row whose quote is not closed."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 10))
    lines = io.StringIO(f"{text.rstrip()}\n{_END}\n", newline="").readlines()
    reader = csv.reader(lines, skipinitialspace=True)
    line = 1
    for row in reader:
        if reader.line_num > line and not _closes(lines[line - 1 : reader.line_num]):
            row[-1] += _END
        if row != [_END]:
            yield line, row
        line = reader.line_num + 1


def _closes(lines: list[str]) -> bool:
    """Return whether the quotes of a row of several lines stand where quotes of a cell stand."""
    try:
        list(csv.reader([re.sub(r"\" +,", '",', line) for line in lines], skipinitialspace=True, strict=True))
    except csv.Error:
        return False
    return True


def _sign_of_header(header: list[str], known: Collection[str]) -> str:
    """Return the sign that splits the names of a header, where it is not the comma."""

    def hits(names: list[str]) -> int:
        return sum(name.strip(" \"'").lower() in known for name in names)

    joined = ",".join(header)
    most = hits(header)
    found = ""
    for sign in OTHER_SIGNS:
        names = joined.split() if sign == " " else joined.split(sign)
        if hits(names) > max(most, 1):
            most, found = hits(names), sign
    return found


def _other_sign(label: str, line: int, sign: str) -> Problem:
    return Problem("other_sign", label, line, found=say(f"problem.sign_{OTHER_SIGNS[sign]}"))


def _report_rows(label: str, header: list[str], bad: list[tuple[int, list[str]]], problems: list[Problem]) -> None:
    """Append a problem for each row of too many or too few cells, or for what lies behind all of them."""
    width = len(header)
    for line, row in bad:
        if _END in row[-1] or any(cell.count("\n") > 1 for cell in row):
            problems.append(Problem("open_quote", label, line, found=row[0][:40].strip()))
            return
    line, row = bad[0]
    for sign in (";", "\t", "|"):
        if len(",".join(row).split(sign)) == width > 1:
            problems.append(_other_sign(label, line, sign))
            return
    if len(row) == 1 and len(row[0].split(",")) == width:
        problems.append(Problem("quoted_line", label, line, found=row[0][:80]))
        return
    for line, row in bad[:MOST_ROWS]:
        key = "too_many_cells" if len(row) > width else "too_few_cells"
        problems.append(Problem(key, label, line, found=str(len(row)), expected=str(width)))
    if len(bad) > MOST_ROWS:
        problems.append(Problem("more_rows", label, found=str(len(bad) - MOST_ROWS)))
