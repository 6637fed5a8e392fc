"""The kinds of credentials, in the words of the vendors' own documents."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

IN_WORDS: Mapping[str, str] = {
    "remote_application": "name",
    "name": "name",
    "comment": "comment",
    "scopes": "scopes",
    "audience": "audience",
    "default_ttl": "life of its session tokens",
    "max_ttl": "its limit",
    "expires_at": "expiry",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A value that is shown when a credential has been made: what it is called on the page and in a shell."""

    member: str
    label: str
    variable: str = ""
    """Empty for what has several lines, and is better saved as a file."""
    file_name: str = ""
    secret: bool = False
    """Whether it is never shown again."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`path`: of the admin API and of our pages. `named_by`: the members that a person knows it by:
    the first that is not empty."""

    path: str
    noun: str
    named_by: tuple[str, ...]
    shown: tuple[Shown, ...]
    usage: str
    """What its holder does with it."""
    changes: tuple[str, ...]
    """Members that can be changed, in the order of the form."""
    rotates: bool = True
    caution: str = ""
    """What its holder must not do."""

    @property
    def api_kind(self) -> str:
        """As the admin API names it."""
        return self.path.removesuffix("s").replace("-", "_")

    @property
    def has_scopes(self) -> bool:
        """Whether credentials of it are granted scopes; the others have rights without any."""
        return "scopes" in self.changes

    @property
    def changes_in_words(self) -> str:
        names = [IN_WORDS[member] for member in self.changes]
        return f"{', '.join(names[:-1])} and {names[-1]}"

    @property
    def plural(self) -> str:
        return f"{self.noun}s"

    def public_id(self, credential: Mapping[str, Any]) -> str:
        """By which refused calls name it: no secret."""
        return str(credential[{"api-clients": "key", "key-pairs": "kid"}.get(self.path, "id")])

    def label(self, credential: Mapping[str, Any]) -> str:
        named = (credential[member] for member in self.named_by if credential.get(member))
        return str(next(named, None) or credential["id"])

    def ending(self, credential: Mapping[str, Any]) -> str:
        """The last four characters that tell it from others of its name; empty where the name does."""
        if credential.get("last_four"):
            return str(credential["last_four"])
        return str(credential["kid"])[-4:] if credential.get("kid") and credential.get("comment") else ""


KINDS = (
    Kind(
        "api-tokens",
        "API token",
        ("remote_application",),
        (
            Shown("token", "Token", "API_TOKEN", secret=True),
            Shown("client_prefix", "Client prefix", "CLIENT_PREFIX"),
            Shown("application_prefix", "Application prefix", "APPLICATION_PREFIX"),
        ),
        "Hand the token and the client prefix to the third party: it sends them with each request.",
        ("remote_application", "expires_at"),
    ),
    Kind(
        "access-keys",
        "Access key",
        ("name",),
        (Shown("key", "Access key", "ACCESS_KEY", secret=True),),
        "Its holder sends it as x-api-key to /generate, and gets session tokens.",
        ("name", "default_ttl", "max_ttl", "expires_at"),
        caution="Leave auth out of the body of /generate: the company's client prefix stands there then. What is "
        "sent as auth comes back to all who have the session token, which travels in URLs: it must never be the "
        "access key.",
    ),
    Kind(
        "api-clients",
        "API client",
        ("comment",),
        (Shown("key", "Key", "CLIENT_KEY"), Shown("secret", "Secret", "CLIENT_SECRET", secret=True)),
        "Key and secret, joined by a colon and base64-encoded, are sent to /auth/token.",
        ("comment", "scopes", "audience", "expires_at"),
    ),
    Kind(
        "key-pairs",
        "Key pair",
        ("comment", "kid"),
        (
            Shown("kid", "Key ID (KID)"),
            Shown("private_key", "Private Key", file_name="private_key.pem", secret=True),
            Shown("public_key", "Public Key", file_name="public_key.pem"),
        ),
        "The private key signs the JWT that is exchanged at /iam/oauth/token; the KID is in its header.",
        ("comment", "scopes", "expires_at"),
        rotates=False,
    ),
)
BY_PATH = {kind.path: kind for kind in KINDS}
BY_API_KIND = {kind.api_kind: kind for kind in KINDS}


def shown_once(kind: Kind, created: Mapping[str, Any]) -> list[tuple[Shown, str]]:
    """What the page of a new credential shows, with the values; what is not there (an uploaded key's private
    half) is left out."""
    values = {
        **created,
        "client_prefix": created["company"]["client_prefix"],
        "application_prefix": (created.get("application") or {}).get("application_prefix"),
    }
    return [(shown, str(values[shown.member])) for shown in kind.shown if values.get(shown.member)]


def noun_of_kind(kind: str) -> str:
    """Of a kind as the admin API names it, also of what is no credential: `api_client` as "API client"."""
    return kind.replace("_", " ").replace("api", "API")
