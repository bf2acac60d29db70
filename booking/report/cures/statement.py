"""The parts of a SQL statement that a cure is built from, as far as it is plain enough.

This is no parser: it finds the clauses of one SELECT, UPDATE, INSERT or DELETE. Where a statement
is more than that, there is no `Statement`, and cures are named in general words.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TOKEN = re.compile(
    r"(?P<string>'(?:[^']|'')*')"
    r'|(?P<name>"(?:[^"]|"")*"|`[^`]*`|[A-Za-z_][\w$]*)'
    r"|(?P<parameter>%s|%\(\w+\)s|\?|:[A-Za-z_]\w*|\$\d+)"
    r"|(?P<number>\d+(?:\.\d+)?)|(?P<other>::|<=|>=|<>|!=|\|\||\S)"
)
VALUES = "  "  # an interceptor shows a statement, two spaces, its values
CLAUSES = {"FROM", "WHERE", "SET", "VALUES", "RETURNING", "GROUP", "ORDER", "LIMIT", "FOR"}
LOCKING = re.compile(r"\bFOR\s+(NO\s+KEY\s+)?UPDATE\b", re.IGNORECASE)
CAST = re.compile(r"::[\w ]+$")
UNKNOWN = object()  # a value that could not be told


@dataclass(frozen=True)
class Token:
    """A word of a statement, where it is, and how many brackets are open there."""

    text: str
    start: int
    depth: int
    kind: str

    @property
    def word(self) -> str:
        """The word as a keyword; a quoted name is none."""
        return self.text.upper() if self.kind == "name" and self.text[0].isalpha() else ""


@dataclass(frozen=True)
class Statement:
    """One statement of the user's."""

    verb: str
    text: str
    table: str  # as it is written, quotes included
    columns: tuple[str, ...] = ()  # selected or inserted
    sets: Mapping[str, str] = field(default_factory=dict)  # column → expression
    where: str = ""
    inner: str = ""  # a SELECT … LIMIT in brackets, that chooses the row
    values: Any = None

    @property
    def name(self) -> str:
        """The table, without quotes and schema."""
        return bare(self.table)

    @property
    def locks(self) -> bool:
        """Whether it locks the rows that it reads."""
        return LOCKING.search(self.text) is not None

    @property
    def aggregates(self) -> bool:
        """Whether its rows are not those of the table."""
        return re.search(r"\b(count|sum|max|min|avg)\s*\(|\bgroup by\b|\bdistinct\b",
                         self.text, re.IGNORECASE) is not None  # fmt: skip

    def mentions(self, column: str) -> bool:
        """Return whether the condition tests a column."""
        return bare(column) in {bare(token.text) for token in tokens(self.where)}

    def written(self, column: str) -> Any:
        """Return the value that a column was set to; UNKNOWN where it was computed."""
        found = re.search(rf"{re.escape(column)}\s*=\s*", self.text)
        return self._value(self.sets[column], found.end() if found else 0)

    def fixed(self) -> dict[str, Any] | None:
        """Return the columns and values of a condition of equalities only; None of another."""
        found: dict[str, Any] = {}
        at = self.text.rfind(self.where) if self.where else 0
        for part in re.split(r"\s+AND\s+", self.where, flags=re.IGNORECASE) if self.where else ():
            column, equals, value = part.strip("() ").partition(" = ")
            start = self.text.find(value, self.text.find(part, at))
            found[bare(column)] = self._value(value, start) if equals else UNKNOWN
        return None if UNKNOWN in found.values() else found

    def _value(self, expression: str, start: int) -> Any:
        """Return a literal, or the value of a placeholder that begins at an offset of the text."""
        expression = CAST.sub("", expression.strip())
        kinds = [token.kind for token in tokens(expression)]
        if kinds != ["parameter"]:
            return literal(expression)
        if isinstance(self.values, Mapping):
            return self.values.get(re.findall(r"\w+", expression)[0], UNKNOWN)
        before = [token for token in tokens(self.text[:start]) if token.kind == "parameter"]
        at = int(expression[1:]) - 1 if expression.startswith("$") else len(before)
        values = self.values if isinstance(self.values, Sequence) else ()
        return values[at] if at < len(values) else UNKNOWN


def tokens(text: str) -> Iterator[Token]:
    """Split a statement into words."""
    depth = 0
    for match in TOKEN.finditer(text):
        shown = match.group()
        depth -= shown == ")"
        yield Token(shown, match.start(), depth, match.lastgroup or "")
        depth += shown == "("


def parsed(shown: str) -> Statement | None:
    """Return the parts of a statement as an interceptor shows it; None of anything else."""
    text, _, values = shown.removeprefix("goes on: ").partition(VALUES)
    text = text.strip().rstrip(";").strip()
    words = list(tokens(text))
    verb = words[0].word.lower() if words else ""
    if verb not in {"select", "update", "insert", "delete"}:
        return None
    clauses = _clauses(text, words)
    table = _table(clauses, verb)
    if not table:
        return None
    return Statement(
        verb, text, table, _columns(verb, clauses), _sets(clauses.get("SET", "")),
        clauses.get("WHERE", ""), _inner(text), _values(values),
    )  # fmt: skip


def _clauses(text: str, words: Sequence[Token]) -> dict[str, str]:
    """Return the text of each clause outside of brackets, by its first word."""
    heads = [words[0]] + [one for one in words[1:] if one.depth == 0 and one.word in CLAUSES]
    ends = [one.start for one in heads[1:]] + [len(text)]
    found: dict[str, str] = {}
    for head, end in zip(heads, ends, strict=True):
        found.setdefault(head.word, text[head.start + len(head.text) : end].strip())
    return found


def _table(clauses: Mapping[str, str], verb: str) -> str:
    part = (
        clauses.get("FROM", "") if verb in {"select", "delete"} else clauses.get(verb.upper(), "")
    )
    found = re.match(
        r"(?:(?:OR\s+\w+\s+)?INTO\s+|ONLY\s+)?((?:\"[^\"]+\"|`[^`]+`|[A-Za-z_][\w$]*)"
        r"(?:\.(?:\"[^\"]+\"|`[^`]+`|[A-Za-z_][\w$]*))*)", part, re.IGNORECASE,
    )  # fmt: skip
    return found.group(1) if found else ""


def _columns(verb: str, clauses: Mapping[str, str]) -> tuple[str, ...]:
    if verb == "insert":
        found = re.search(r"\(([^()]*)\)", clauses["INSERT"])
        return tuple(part.strip() for part in found.group(1).split(",")) if found else ()
    return tuple(_selected(part) for part in _parts(clauses.get("SELECT", "")))


def _selected(part: str) -> str:
    """Return the name of a selected column; of anything else its text."""
    plain = re.split(r"\s+AS\s+", part.strip(), maxsplit=1, flags=re.IGNORECASE)[0]
    return bare(plain) if re.fullmatch(r"[\w\".`$]+", plain) else plain


def _sets(clause: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in _parts(clause))
    return {column.strip(): value.strip() for column, _, value in pairs if value}


def _parts(clause: str) -> list[str]:
    """Return what commas outside of brackets part."""
    cuts = [one.start for one in tokens(clause) if one.text == "," and one.depth == 0]
    starts, ends = [0, *(cut + 1 for cut in cuts)], [*cuts, len(clause)]
    found = [clause[start:end].strip() for start, end in zip(starts, ends, strict=True)]
    return [part for part in found if part]


def _inner(text: str) -> str:
    """Return the innermost SELECT … LIMIT in brackets."""
    found = re.search(r"\(\s*(SELECT\b[^()]*\bLIMIT\b[^()]*)\)", text, re.IGNORECASE)
    return found.group(1).strip() if found else ""


def _values(shown: str) -> Any:
    """Return the values of a statement, where they are plain."""
    try:
        return _value_of(ast.parse(shown.strip(), mode="eval").body) if shown else None
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def _value_of(node: ast.expr) -> Any:
    """Return a constant, also where a driver wraps it (`Int4(0)`); UNKNOWN of another value."""
    if isinstance(node, (ast.Tuple, ast.List)):
        return [_value_of(one) for one in node.elts]
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return {_value_of(key): _value_of(value) for key, value in pairs if key is not None}
    if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords:
        return _value_of(node.args[0])
    try:
        return ast.literal_eval(node)
    except ValueError:
        return UNKNOWN


def literal(text: str) -> Any:
    """Return a number or a text that is written in a statement."""
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        return UNKNOWN


def bare(name: str) -> str:
    """Return the last part of a name, without quotes: `"shop"."event"` is `event`."""
    return name.strip().rsplit(".", 1)[-1].strip('"`')
