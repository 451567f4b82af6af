"""Settings as TOML has them: dataclasses from tables and to tables, every fault named, and what differs between two."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path
from typing import Any, TypeVar, get_args, get_type_hints

from kaggle_seg.errors import BadInput

Kind = TypeVar("Kind")


def to_tables(settings: Any) -> dict[str, Any]:
    """Nested plain dictionaries of a settings dataclass, as TOML stores them."""
    return dataclasses.asdict(settings)


def from_tables(kind: type[Kind], tables: dict[str, Any], source: Path | str) -> Kind:
    """Builds a settings dataclass from nested dictionaries.

    Args:
        kind: the dataclass.
        tables: as `to_tables` gives; missing keys take their defaults. A whole number will do for a float.
        source: the file, named in errors.

    Raises:
        BadInput: every unknown key, every value of a wrong type and every unknown choice, all at once.
    """
    fields, faults, values = get_type_hints(kind), [], dict(tables)
    for key, value in tables.items():
        if (hint := fields.get(key)) is None:
            faults.append(f"{source}: unknown key {key!r} (known: {', '.join(fields)}); remove or mend it")
        elif wanted := _wanted(value, hint):
            faults.append(f"{source}: {key} = {value!r}, wanted {wanted}; mend it")
        elif isinstance(value, dict):
            try:
                values[key] = from_tables(hint, value, source)
            except BadInput as error:
                faults += error.problems
    if faults:
        raise BadInput(faults)
    return kind(**values)


def _wanted(value: Any, hint: Any) -> str:
    """What is wanted in place of a setting's value; empty if the value is of its type, or one of its choices."""
    if choices := get_args(hint):
        return "" if type(value) is str and value in choices else f"one of {', '.join(choices)}"
    if dataclasses.is_dataclass(hint):
        return "" if isinstance(value, dict) else "a table"
    fits = type(value) is hint or (hint is float and type(value) is int)
    return "" if fits else {bool: "true or false", int: "a whole number", float: "a number", str: "text"}[hint]


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file, with or without a byte order mark.

    Raises:
        BadInput: the file is no TOML.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not a TOML file ({error}); restore it or start the run anew") from error


def differences(old: Any, new: Any, prefix: str = "") -> list[str]:
    """One line for each setting that differs between two settings of the same kind: `name: old -> new`."""
    lines = []
    for item in dataclasses.fields(old):
        before, after = getattr(old, item.name), getattr(new, item.name)
        if dataclasses.is_dataclass(before):
            lines += differences(before, after, f"{prefix}{item.name}.")
        elif before != after:
            lines.append(f"{prefix}{item.name}: {before} -> {after}")
    return lines
