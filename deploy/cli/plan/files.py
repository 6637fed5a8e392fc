"""The YAML files of a folder: read as one declaration, and checked before anything is asked of the registry."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml

from deploy.cli.objects.options import seconds
from deploy.cli.outcome import WrongUsage
from deploy.cli.plan.kinds import APPLICATIONS, COMPANIES, PLAN_KINDS, Identity, PlanKind

SUFFIXES = {".yaml", ".yml"}
MAX_FILE_BYTES = 4 * 1024 * 1024
DURATIONS = {"default_ttl", "max_ttl"}
PEOPLE = "people"
PERSON_MEMBERS = {"email", "role", "company"}


@dataclass(frozen=True, slots=True)
class Person:
    email: str
    role: str
    company: str


@dataclass(frozen=True, slots=True)
class Declaration:
    """What the files say; of each kind by identity."""

    objects: dict[PlanKind, dict[Identity, dict[str, Any]]]
    people: dict[str, Person]

    def companies(self) -> set[str]:
        """The prefixes of all companies that are declared or belonged to."""
        own = {identity[0] for identity in self.objects[COMPANIES]}
        of = {
            str(one["company"]).casefold()
            for found in self.objects.values()
            for one in found.values()
            if one.get("company")
        }
        return own | of | {one.company for one in self.people.values() if one.company}

    def applications(self) -> set[str]:
        own = {identity[0] for identity in self.objects[APPLICATIONS]}
        of = {
            str(o["application"]).casefold()
            for f in self.objects.values()
            for o in f.values()
            if "application" in o
        }
        return own | of


def read_folder(folder: Path) -> Declaration:
    """Raises `WrongUsage` naming the file, and the entry that is wrong."""
    if not folder.is_dir():
        raise WrongUsage(f"{folder} is no folder")
    paths = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES and path.is_file())
    if not paths:
        raise WrongUsage(f"{folder} holds no .yaml file")
    declaration = Declaration({kind: {} for kind in PLAN_KINDS}, {})
    for path in paths:
        for where, key, entry in _entries(path):
            _add(declaration, where, key, entry, path.parent)
    return declaration


def _entries(path: Path) -> Iterator[tuple[str, str, Any]]:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise WrongUsage(f"{path} has more than {MAX_FILE_BYTES} bytes")
        documents = [each for each in yaml.safe_load_all(path.read_text(encoding="utf-8")) if each is not None]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError) as error:
        why = getattr(error, "strerror", None) or " ".join(str(error).split())
        raise WrongUsage(f"{path}: {why}") from None
    known = {*(kind.key for kind in PLAN_KINDS), PEOPLE}
    for document in documents:
        if not isinstance(document, dict):
            raise WrongUsage(f"{path}: must be lists by kind: {', '.join(sorted(known))}")
        for key, entries in document.items():
            if key not in known:
                raise WrongUsage(f"{path}: {key!r} must be one of {', '.join(sorted(known))}")
            if not isinstance(entries, list):
                raise WrongUsage(
                    f"{path}: {key} must be a list: leave it out where it has nothing, or write {key}: []"
                )
            for number, entry in enumerate(entries, 1):
                yield f"{path}: {key} {number}", key, entry


def _add(declaration: Declaration, where: str, key: str, entry: Any, folder: Path) -> None:
    if not isinstance(entry, dict):
        raise WrongUsage(f"{where}: must be members and their values")
    if key == PEOPLE:
        _add_person(declaration, where, entry)
        return
    kind = next(one for one in PLAN_KINDS if one.key == key)
    _check_members(where, set(entry), kind.members, kind.required)
    declared = {name: _value(where, name, value, folder) for name, value in entry.items()}
    identity = kind.identity_of(declared)
    if identity in declaration.objects[kind]:
        raise WrongUsage(f"{where}: {kind.title(declared)} is declared twice")
    declaration.objects[kind][identity] = declared


def _add_person(declaration: Declaration, where: str, entry: dict[str, Any]) -> None:
    _check_members(where, set(entry), PERSON_MEMBERS, {"email", "role"})
    person = Person(str(entry["email"]).casefold(), str(entry["role"]), str(entry.get("company") or "").casefold())
    if person.email in declaration.people:
        raise WrongUsage(f"{where}: {person.email} is declared twice")
    declaration.people[person.email] = person


def _check_members(where: str, given: set[Any], known: set[str] | frozenset[str], required: Any) -> None:
    if unknown := sorted(map(str, given - set(known))):
        raise WrongUsage(f"{where}: {', '.join(unknown)}: there is only {', '.join(sorted(known))}")
    if missing := sorted(set(required) - given):
        raise WrongUsage(f"{where}: {', '.join(missing)} is missing")


def _value(where: str, name: str, value: Any, folder: Path) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=value.tzinfo or UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return f"{value.isoformat()}T00:00:00Z"
    if name in DURATIONS and isinstance(value, str):
        return seconds(value)
    if name == "public_key" and isinstance(value, str) and not value.lstrip().startswith(("-----BEGIN", "{")):
        try:
            return (folder / value).read_text(encoding="utf-8")
        except OSError as error:
            raise WrongUsage(f"{where}: public_key {value}: {error.strerror}") from None
        except UnicodeDecodeError:
            raise WrongUsage(f"{where}: public_key {value}: it is no text in UTF-8") from None
    return value
