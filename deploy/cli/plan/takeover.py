"""`passgate import kong|unkey FILE`: consumers and their keys of another product, as files for `apply`.

The keys themselves are not taken over: Passgate's secrets have a prefix and a checksum, by which junk is refused
and leaks are found, and an export has either the key in the clear or a digest that no such secret has. Each holder
gets a new secret; names, expiry and rate go over.
"""

import argparse
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from deploy.cli.outcome import DONE, WrongUsage

MAX_FILE_BYTES = 64 * 1024 * 1024
NEXT = "look through them, then: passgate apply -f {folder} --secrets DIR; each holder needs the new secret"


class UnexpectedShape(Exception):
    """The member that is not as the product writes it, and how it is written."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of another product. Nothing of it that is secret is kept."""

    owner: str
    name: str
    expires_at: str | None = None
    limits: Mapping[str, Any] | None = None


def add(commands: Any) -> None:
    parser = commands.add_parser("import", help="turn another product's export into files for `apply`")
    parser.add_argument(
        "product", choices=sorted(PRODUCTS), help="kong: of `deck gateway dump`; unkey: of its keys"
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="YAML or JSON")
    parser.add_argument(
        "--application", required=True, metavar="PREFIX", help="the application that the keys are to be for"
    )
    parser.add_argument("--to", type=Path, required=True, metavar="DIR", help="a new folder for the files")
    parser.set_defaults(run=_import)


def _import(arguments: argparse.Namespace) -> int:
    try:
        keys, left_out = PRODUCTS[arguments.product](_read(arguments.file))
    except UnexpectedShape as unexpected:
        raise WrongUsage(f"{arguments.file} is no export of {arguments.product}: {unexpected}") from None
    if not keys:
        raise WrongUsage(f"{arguments.file} has no keys of {arguments.product}")
    owners: dict[str, list[Key]] = {}
    for key in keys:
        owners.setdefault(key.owner, []).append(key)
    try:
        arguments.to.mkdir(mode=0o700, parents=True)
        prefixes = _prefixes(list(owners))
        for owner, own in owners.items():
            declared = _declared(arguments.product, owner, prefixes[owner], arguments.application, own)
            text = yaml.safe_dump(declared, sort_keys=False, allow_unicode=True)
            (arguments.to / f"{prefixes[owner]}.yaml").write_text(text, encoding="utf-8")
    except OSError as error:
        raise WrongUsage(f"{arguments.to}: {error.strerror}") from None
    print(f"{arguments.to}: {len(keys)} API tokens of {len(owners)} companies, without any secret")
    if left_out:
        print(f"left out, since they are disabled or expired: {left_out}")
    print(NEXT.format(folder=arguments.to))
    return DONE


def _read(path: Path) -> Any:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise WrongUsage(f"{path} has more than {MAX_FILE_BYTES} bytes")
        text = path.read_text(encoding="utf-8")
        return json.loads(text) if text.lstrip().startswith(("{", "[")) else yaml.safe_load(text)
    except OSError as error:
        raise WrongUsage(f"{path}: {error.strerror}") from None
    except (ValueError, yaml.YAMLError) as error:
        raise WrongUsage(f"{path}: {type(error).__name__}: it is no YAML or JSON that can be read") from None


def kong(export: Any) -> tuple[list[Key], int]:
    """Consumers with `keyauth_credentials`, whose own names are their tags, or their order."""
    found = []
    for at, consumer in _objects(export, "consumers"):
        owner = str(consumer.get("username") or consumer.get("custom_id") or consumer.get("id") or "")
        for number, (place, each) in enumerate(_objects(consumer, "keyauth_credentials", f"{at}."), 1):
            tags = " ".join(map(str, _list(each, "tags", f"{place}.")))
            found.append(Key(owner or "consumer", tags or f"key {number}"))
    return _distinct(found), 0


def unkey(export: Any, now: float | None = None) -> tuple[list[Key], int]:
    """Keys with their owner, expiry (milliseconds since 1970) and rate limit."""
    at = datetime.now(UTC).timestamp() if now is None else now
    found, left_out = [], 0
    for place, each in _objects(export if isinstance(export, Mapping) else {"keys": export}, "keys"):
        expires = _expiry(each, f"{place}.")
        if (expires is not None and expires.timestamp() <= at) or each.get("enabled") is False:
            left_out += 1
            continue
        identity = each.get("identity") if isinstance(each.get("identity"), Mapping) else {}
        owner = each.get("externalId") or each.get("ownerId") or (identity or {}).get("externalId")
        ends = expires.isoformat().replace("+00:00", "Z") if expires else None
        name = each.get("name") or each.get("id") or "key"
        found.append(Key(str(owner or "unkey"), str(name), ends, _rate(each.get("ratelimit"))))
    return _distinct(found), left_out


PRODUCTS: Mapping[str, Callable[[Any], tuple[list[Key], int]]] = {"kong": kong, "unkey": unkey}


def _rate(limit: Any) -> dict[str, Any] | None:
    if not isinstance(limit, Mapping):
        return None
    calls, duration = limit.get("limit"), limit.get("duration")
    if not (isinstance(calls, int) and isinstance(duration, int) and calls > 0 and duration >= 1000):
        return None
    return {"rate": {"calls": calls, "per_seconds": duration // 1000}}


def _expiry(key: Mapping[str, Any], below: str) -> datetime | None:
    expires = key.get("expires")
    if not expires:
        return None
    try:
        return datetime.fromtimestamp(expires / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise UnexpectedShape(f"{below}expires must be milliseconds since 1970") from None


def _list(parent: Mapping[str, Any], name: str, below: str) -> list[Any]:
    listed = parent.get(name)
    if listed is None:
        return []
    if not isinstance(listed, list):
        raise UnexpectedShape(f"{below}{name} must be a list")
    return listed


def _objects(parent: Any, name: str, below: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each with its place in the export."""
    if not isinstance(parent, Mapping):
        raise UnexpectedShape(f"it must be an object with {name}")
    for number, each in enumerate(_list(parent, name, below)):
        place = f"{below}{name}[{number}]"
        if not isinstance(each, Mapping):
            raise UnexpectedShape(f"{place} must be an object")
        yield place, each


def _distinct(keys: Sequence[Key]) -> list[Key]:
    """Two keys of one owner have two names."""
    seen: dict[tuple[str, str], int] = {}
    found = []
    for key in keys:
        count = seen[key.owner, key.name] = seen.get((key.owner, key.name), 0) + 1
        name = key.name if count == 1 else f"{key.name} ({count})"
        found.append(Key(key.owner, name, key.expires_at, key.limits))
    return found


def _prefixes(owners: Sequence[str]) -> dict[str, str]:
    """A client prefix for each: letters, digits, `_`, `.`, `-`, and one for each owner."""
    found: dict[str, str] = {}
    for owner in owners:
        prefix = re.sub(r"[^a-z0-9_.-]+", "-", owner.casefold()).strip("-._")[:50] or "company"
        taken, number = prefix, 2
        while taken in found.values():
            taken, number = f"{prefix}-{number}", number + 1
        found[owner] = taken
    return found


def _declared(product: str, owner: str, prefix: str, application: str, keys: Sequence[Key]) -> dict[str, Any]:
    of = {"company": prefix, "application": application}
    tokens = []
    for key in keys:
        more = {"expires_at": key.expires_at, "limits": dict(key.limits) if key.limits else None}
        given = {name: value for name, value in more.items() if value is not None}
        tokens.append({**of, "remote_application": " ".join(key.name.split())[:200], **given})
    name = " ".join(owner.split())[:200]
    return {
        "companies": [{"client_prefix": prefix, "name": name, "company_uri": f"urn:{product}:{prefix}"}],
        "bookings": [of.copy()],
        "api_tokens": tokens,
    }
