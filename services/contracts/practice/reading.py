"""Strict reading of data files (rules, emergency numbers): each value is asked for by name and by kind.

What nobody asked for is an error, and so is what is missing; nothing is guessed and nothing is ignored.
"""

from datetime import date
from typing import Any

from services.contracts.vocabulary import codes

_MISSING: Any = object()


class DataFileError(ValueError):
    """A data file that cannot be used: names the file, the place in it, what is wrong and what to do next."""

    def __init__(self, file: str, path: str, problem: str, help: str) -> None:
        super().__init__(f"{file}: {path}: {problem}. Next: {help}.")
        self.file, self.path, self.problem, self.help = file, path, problem, help


class Reader:
    """One mapping of a file, at `path`. `finish` raises if the mapping holds a word that was not asked for."""

    def __init__(self, content: dict[str, Any], file: str, path: str) -> None:
        self._content, self._file, self._path = content, file, path
        self._asked: set[str] = set()

    @classmethod
    def over(cls, content: Any, file: str, path: str = "") -> "Reader":
        """A reader over `content`, which must be a mapping with text keys."""
        if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
            raise DataFileError(file, path or "the file", "is not a mapping", "write `name: value` lines")
        return cls(content, file, path)

    def error(self, key: str, problem: str, help: str) -> DataFileError:
        """An error at `key`, to be raised."""
        return DataFileError(self._file, self._at(key), problem, help)

    def has(self, key: str) -> bool:
        """Is `key` there?"""
        return key in self._content

    def text(self, key: str) -> str:
        """Text that is not empty."""
        value = self._take(key)
        if not isinstance(value, str) or not value.strip():
            raise self.error(key, f"{value!r} is not text", "write one line of text")
        return value.strip()

    def day(self, key: str) -> str:
        """A local date, as text."""
        value = self._take(key)
        if type(value) is date:
            return value.isoformat()
        raise self.error(key, f"{value!r} is not a date", "write it as 2026-11-24, without quotes")

    def optional_day(self, key: str) -> str | None:
        """A local date as text, or None if it is not there."""
        return self.day(key) if self.has(key) else None

    def word(self, key: str) -> str:
        """A value as it stands, as text; for keys that take a date or a word."""
        return str(self._take(key))

    def number(self, key: str, default: int | None = None, least: int = 0) -> int:
        """A whole number of at least `least`."""
        value = self._take(key, _MISSING if default is None else default)
        if type(value) is not int or value < least:
            raise self.error(key, f"{value!r} is not a whole number from {least} up", "correct the number")
        return value

    def note(self, key: str) -> None:
        """Text for the reader of the file only; may be absent."""
        if self.has(key):
            self.text(key)

    def flag(self, key: str, default: bool = False) -> bool:
        """true or false."""
        value = self._take(key, default)
        if type(value) is not bool:
            raise self.error(key, f"{value!r} is neither true nor false", "write true or false")
        return value

    def code(self, key: str, vocabulary: Any, default: str | None = None) -> Any:
        """One code of a closed vocabulary (a Literal type)."""
        return self._known(key, self._take(key, _MISSING if default is None else default), vocabulary)

    def codes(self, key: str, vocabulary: Any, default: tuple[str, ...] | None = None) -> Any:
        """One or more codes of a closed vocabulary; a single one needs no list."""
        values = self.list(key, _MISSING if default is None else list(default))
        return tuple(self._known(key, value, vocabulary) for value in values)

    def words(self, key: str) -> tuple[str, ...]:
        """One or more texts; a single one needs no list."""
        values = self.list(key)
        if not all(isinstance(value, str) for value in values):
            raise self.error(key, f"{values!r} is not a list of words", "write for example [US-AZ, US-FL]")
        return tuple(values)

    def list(self, key: str, default: Any = _MISSING) -> Any:
        """A list; a single value counts as a list of one."""
        value = self._take(key, default)
        if isinstance(value, dict) or value is None or value == [] and default != []:
            raise self.error(key, f"{value!r} is not a list with at least one entry", "write a list, or leave it out")
        return value if isinstance(value, list) else [value]

    def part(self, key: str) -> "Reader | None":
        """The mapping at `key`, or None if it is not there."""
        value = self._take(key, None)
        return None if value is None else Reader.over(value, self._file, self._at(key))

    def parts(self, key: str, needed: bool = False) -> "tuple[Reader, ...]":
        """The mappings in the list at `key`; none if it is not there and not needed."""
        value = self._take(key, _MISSING if needed else [])
        if not isinstance(value, list) or (needed and not value):
            raise self.error(key, "is not a list", "write each entry on a line that begins with `- `")
        return tuple(Reader.over(each, self._file, f"{self._at(key)}[{n}]") for n, each in enumerate(value))

    def finish(self) -> None:
        """Raise if the mapping holds what nobody asked for."""
        for key in self._content:
            if key not in self._asked:
                raise self.error(key, "is not a word of this file", f"use one of: {', '.join(sorted(self._asked))}")

    def _at(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def _take(self, key: str, default: Any = _MISSING) -> Any:
        self._asked.add(key)
        if key in self._content:
            return self._content[key]
        if default is _MISSING:
            raise self.error(key, "is missing", f"add `{key}: ...`")
        return default

    def _known(self, key: str, value: Any, vocabulary: Any) -> Any:
        known = codes(vocabulary)
        if value not in known:
            raise self.error(key, f"{value!r} is not known here", f"use one of: {', '.join(known)}")
        return value
