"""Tables of a TOML file, read field by field, with errors that name file, field and mend."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from tinynas.errors import BadInputError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ " (did you mean 'X'?)" for the nearest of `known`, or ""."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean '{near[0]}'?)" if near else ""


class TomlTable:
    """Every getter returns None where the field is missing, raises BadInputError where it is of
    another type or out of range, and notes the field as known; finish() refuses all others."""

    def __init__(self, values: Mapping[str, Any], file: str, place: str = "") -> None:
        self._values = values
        self._file = file
        self._place = place
        self._known: list[str] = []

    @classmethod
    def load(cls, path: Path) -> TomlTable:
        """Raises BadInputError where `path` cannot be read or is no TOML."""
        try:
            return cls(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
        except OSError as error:
            raise BadInputError(f"{path}: cannot be read: {error.strerror}") from None
        except ValueError as error:  # of UTF-8 and of TOML
            raise BadInputError(f"{path}: is no TOML: {error}") from None

    def name(self, key: str) -> str:
        """As an error names the field: "slurm.memory"."""
        return f"{self._place}.{key}" if self._place else key

    def fail(self, key: str, message: str) -> NoReturn:
        raise BadInputError(f"{self._file}: {self.name(key)}: {message}")

    def get(self, key: str) -> Any:
        self._known.append(key)
        return self._values.get(key)

    def text(self, key: str, example: str, known: tuple[str, ...] = ()) -> str | None:
        """One of `known` where any are given; `example` is a right value, for the error."""
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            self.fail(key, f'{value!r} is no text; write for example {key} = "{example}"')
        if known and value not in known:
            listed = ", ".join(known)
            self.fail(key, f"unknown '{value}'{did_you_mean(value, known)}; known: {listed}")
        return value

    def integer(self, key: str, low: int, high: int) -> int | None:
        """From `low` to `high`, both included."""
        value = self.get(key)
        if value is None:
            return None
        if not is_integer(value) or not low <= value <= high:
            self.fail(key, f"{value!r} is no whole number from {low} to {high}")
        return int(value)

    def number(self, key: str) -> float | None:
        """Above 0."""
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            self.fail(key, f"{value!r} is no number above 0")
        return float(value)

    def flag(self, key: str) -> bool | None:
        value = self.get(key)
        if value is not None and not isinstance(value, bool):
            self.fail(key, f"{value!r} is neither true nor false")
        return value

    def bytes(self, key: str) -> str | None:
        """An amount of memory as the command line takes it: "320KiB"; whole numbers are bytes."""
        value = self.get(key)
        if value is None:
            return None
        if is_integer(value):
            return str(value)
        if not isinstance(value, str):
            self.fail(key, f'{value!r} is no number of bytes; write for example {key} = "320KiB"')
        return value

    def items(self, key: str, example: str) -> list[Any] | None:
        """A list with something in it."""
        value = self.get(key)
        if value is None:
            return None
        if not isinstance(value, list):
            self.fail(key, f"{value!r} is no list; write for example {key} = {example}")
        if not value:
            self.fail(key, f"is empty, so there would be no cell; write for example {example}")
        return value

    def table(self, key: str) -> TomlTable:
        """An empty one where it is missing."""
        value = self.get(key)
        if value is not None and not isinstance(value, Mapping):
            self.fail(key, f"{value!r} is no table; write [{self.name(key)}] above its fields")
        return TomlTable(value or {}, self._file, self.name(key))

    def raw(self) -> Mapping[str, Any]:
        """All fields, which thereby are known."""
        self._known.extend(self._values)
        return self._values

    def finish(self) -> None:
        for key in self._values:
            if key not in self._known:
                listed = ", ".join(self._known)
                self.fail(key, f"unknown field{did_you_mean(key, self._known)}; known: {listed}")


def is_integer(value: Any) -> bool:
    """true and false are integers to Python, not to people."""
    return isinstance(value, int) and not isinstance(value, bool)
