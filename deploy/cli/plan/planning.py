"""From what is declared and what is there to the steps between them. Nothing is changed here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote

from deploy.cli.outcome import Refused, WrongUsage
from deploy.cli.plan.comparison import differences
from deploy.cli.plan.files import Declaration, Person
from deploy.cli.plan.kinds import APPLICATIONS, COMPANIES, PLAN_KINDS, WEBHOOKS, Identity, PlanKind
from deploy.cli.registry import Object, Registry

ALL = 1_000_000
"""Objects of one list: as many as there are."""
Act = Literal["create", "invite", "change", "revoke", "delete"]


@dataclass(frozen=True, slots=True)
class Step:
    """`id`: of what exists already."""

    act: Act
    title: str
    path: str
    body: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""
    changes: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    """Members of the response that are to be kept in a file."""


def plan(registry: Registry, declaration: Declaration, *, prune: bool) -> list[Step]:
    """In the order in which they are to be made. Raises `Refused` for what cannot become as it is declared."""
    there = _existing(registry, declaration)
    steps: list[Step] = []
    for kind in PLAN_KINDS:
        for identity, declared in declaration.objects[kind].items():
            steps += _to(kind, declared, there[kind].get(identity, []))
    steps += _people(registry, declaration)
    if prune:
        for kind in reversed(PLAN_KINDS):
            steps += _pruned(kind, there[kind], declaration)
    return steps


def _existing(registry: Registry, declaration: Declaration) -> dict[PlanKind, dict[Identity, list[Object]]]:
    """Of the companies and applications that the files name, all that is not revoked."""
    there: dict[PlanKind, dict[Identity, list[Object]]] = {kind: {} for kind in PLAN_KINDS}
    for kind, names in ((COMPANIES, declaration.companies()), (APPLICATIONS, declaration.applications())):
        for name in sorted(names):
            found = registry.get_or_none(f"/{kind.noun.path}/{quote(name, safe='')}")
            if found is not None:
                there[kind][(name,)] = [found]
            elif (name,) not in declaration.objects[kind]:
                raise WrongUsage(f"{kind.noun.one} {name} is neither in the files nor in the registry")
    for (company,) in there[COMPANIES]:
        for kind in (one for one in PLAN_KINDS if one.is_of_a_company):
            for item in registry.items(f"/{kind.noun.path}", ALL, company_id=company):
                if item.get("status") != "revoked":
                    there[kind].setdefault(kind.identity_of_existing(item), []).append(item)
    if any(not one.get("company") for one in declaration.objects[WEBHOOKS].values()):
        for item in registry.items(f"/{WEBHOOKS.noun.path}", ALL):
            if item["company_id"] is None:
                there[WEBHOOKS].setdefault(WEBHOOKS.identity_of_existing(item), []).append(item)
    return there


def _to(kind: PlanKind, declared: dict[str, Any], present: list[Object]) -> Iterator[Step]:
    title, path = kind.title(declared), f"/{kind.noun.path}"
    if len(present) > 1:
        ids = ", ".join(item["id"] for item in present[:3])
        raise Refused(f"{title}: several are called so ({ids}): rename or revoke all but one")
    if not present:
        secrets = () if declared.get("public_key") else kind.noun.secrets
        yield Step("create", title, path, kind.body(declared), secrets=secrets)
        return
    item = present[0]
    if item.get("status") == "revoked":
        raise Refused(f"{title} is revoked, for ever: it cannot be declared")
    changes = differences(declared, item)
    if fixed := sorted(set(changes) - kind.changeable):
        was = ", ".join(f"{name} is {changes[name][0]!r}" for name in fixed)
        raise Refused(f"{title}: {was}, and that cannot change")
    if changes:
        body = {name: wanted for name, (_, wanted) in changes.items()}
        yield Step("change", title, path, body, item["id"], changes)


def _people(registry: Registry, declaration: Declaration) -> Iterator[Step]:
    if not declaration.people:
        return
    people = {
        item["email"].casefold(): item for item in registry.items("/people", ALL) if item["status"] != "revoked"
    }
    pending = {
        str(item["email"]).casefold() for item in registry.items("/invitations", ALL) if item["status"] == "open"
    }
    for person in declaration.people.values():
        yield from _person(person, people.get(person.email), invited=person.email in pending)


def _person(person: Person, present: Object | None, *, invited: bool) -> Iterator[Step]:
    title = f"person {person.email}"
    if present is not None:
        if present["role"] != person.role:
            changes = {"role": (present["role"], person.role)}
            yield Step("change", title, "/people", {"role": person.role}, present["id"], changes)
    elif not invited:
        of = {"company_id": person.company} if person.company else {}
        body = {"email": person.email, "role": person.role, **of}
        yield Step("invite", title, "/invitations", body, secrets=("token",))


def _pruned(kind: PlanKind, present: Mapping[Identity, list[Object]], declaration: Declaration) -> Iterator[Step]:
    """Of the companies that the files declare themselves."""
    if not kind.prunes:
        return
    own = {identity[0] for identity in declaration.objects[COMPANIES]}
    for identity, items in present.items():
        if identity in declaration.objects[kind] or identity[0] not in own:
            continue
        for item in items:
            yield Step(kind.prunes, kind.title_of_existing(item), f"/{kind.noun.path}", id=item["id"])
