"""What a file may declare: each kind, the members that name one of it, and those that cannot change."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from deploy.cli.objects.nouns import NOUNS, Noun

Declared = Mapping[str, Any]
Identity = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanKind:
    """`identity` are the members that name one among all of its kind; `prunes` ends one that no file has."""

    noun: Noun
    identity: tuple[str, ...]
    prunes: Literal["", "revoke", "delete"] = ""
    not_declared: tuple[str, ...] = ()
    """Members that a create takes, and a file does not."""

    @property
    def key(self) -> str:
        """What its list is called in a file."""
        return self.noun.path.replace("-", "_")

    @property
    def is_of_a_company(self) -> bool:
        return "company" in self.identity

    @property
    def members(self) -> frozenset[str]:
        own = {option.member for option in self.noun.options} - set(self.not_declared)
        if "booking_id" in own:
            own |= {"company_id", "application_id"}
            own.discard("booking_id")
        return frozenset(member.removesuffix("_id") for member in own)

    @property
    def required(self) -> frozenset[str]:
        own = {option.member.removesuffix("_id") for option in self.noun.options if option.required}
        return frozenset(
            {*own, *(member for member in self.identity if self.noun.path != "webhooks" or member == "name")}
        )

    @property
    def changeable(self) -> frozenset[str]:
        return frozenset(option.member for option in self.noun.options if not option.fixed)

    def identity_of(self, declared: Declared) -> Identity:
        return tuple(_folded(name, declared.get(name)) for name in self.identity)

    def identity_of_existing(self, item: Mapping[str, Any]) -> Identity:
        return tuple(_folded(name, _existing(item, name)) for name in self.identity)

    def body(self, declared: Declared) -> dict[str, Any]:
        """Of a create: companies and applications by their prefixes, which the admin API takes as ids."""
        body = {
            f"{name}_id" if name in {"company", "application"} else name: value for name, value in declared.items()
        }
        if self.noun.path == "api-tokens":
            body["booking_id"] = f"{body.pop('company_id')}:{body.pop('application_id')}"
        return body

    def title(self, declared: Declared) -> str:
        """For people: as it is written, while identities are compared."""
        return self._title(_text(declared.get(name)) for name in self.identity)

    def title_of_existing(self, item: Mapping[str, Any]) -> str:
        return self._title(_text(_existing(item, name)) for name in self.identity)

    def _title(self, texts: Iterable[str]) -> str:
        words = [word if len(word) < 60 else "its public key" for word in texts if word]
        return f"{self.noun.one} {' '.join(words)}"


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _folded(member: str, value: Any) -> str:
    text = _text(value)
    return text.casefold() if member in {"company", "application", "client_prefix", "application_prefix"} else text


def _existing(item: Mapping[str, Any], member: str) -> Any:
    if member == "company":
        return (item.get("company") or {}).get("client_prefix")
    if member == "application":
        return (item.get("application") or {}).get("application_prefix")
    return item.get(member)


_BY_PATH = {noun.path: noun for noun in NOUNS}
_SUCCESSION = ("succeeds", "keep_old_for", "keep_old_until_quiet_for", "rsa_bits", "algorithm")

COMPANIES = PlanKind(_BY_PATH["companies"], ("client_prefix",))
APPLICATIONS = PlanKind(_BY_PATH["applications"], ("application_prefix",))
WEBHOOKS = PlanKind(_BY_PATH["webhooks"], ("company", "name"), "delete")
"""Of a company, or without one the operator's."""
PLAN_KINDS = (
    COMPANIES,
    APPLICATIONS,
    PlanKind(_BY_PATH["bookings"], ("company", "application"), "revoke"),
    PlanKind(_BY_PATH["api-tokens"], ("company", "application", "remote_application"), "revoke"),
    PlanKind(_BY_PATH["access-keys"], ("company", "name"), "revoke"),
    PlanKind(_BY_PATH["api-clients"], ("company", "comment"), "revoke"),
    PlanKind(_BY_PATH["key-pairs"], ("company", "public_key"), "revoke", _SUCCESSION),
    WEBHOOKS,
)
"""In the order of creation: each depends on those before it alone."""
