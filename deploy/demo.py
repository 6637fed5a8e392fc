"""`python -m deploy.demo`: a company with one credential of each kind, to try things with."""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.admin_api import AdminApi
from deploy.console_link import console_link
from deploy.errors import StackError
from deploy.private_files import write_private
from deploy.variables import default_var, read_variables, write_variables
from shared.http.client import ServiceClient
from shared.settings.config import read_secret

COMPANY = {"name": "BlaBla", "client_prefix": "blabla", "company_uri": "https://blabla.example"}
APPLICATIONS = (
    {"name": "SMS", "application_prefix": "SMS", "scopes": ["sms:send"]},
    {"name": "Site", "application_prefix": "SITE", "scopes": ["site:read"]},
    {"name": "Website", "application_prefix": "WEBSITE", "scopes": ["website:read:yachts", "website:read:*"]},
)
REGISTRY_START_TIMEOUT_S = 15.0
"""Seconds to wait for a registry that has just been started."""
CALL_TIMEOUT_S = 20.0
"""Seconds for one call: the registry may be generating an RSA key."""

URLS = (
    ("registry", "PASSGATE_KEY_REGISTRY_URL", "http://127.0.0.1:8101"),
    ("gateway", "PASSGATE_GATEWAY_URL", "http://127.0.0.1:8080"),
    ("operator", "PASSGATE_OPERATOR_VALIDATOR_URL", ""),
    ("sessions", "PASSGATE_SESSION_TOKENS_URL", ""),
    ("issuer", "PASSGATE_TOKEN_ISSUER_URL", ""),
    ("console", "PASSGATE_CONSOLE_URL", "http://127.0.0.1:8106"),
)
"""The option, the variable in the environment of the stack that it is taken from, and where it is without both."""


@dataclass(frozen=True)
class Urls:
    """Where a partner's client would call: the gateway, or each service by itself."""

    gateway: str
    operator: str
    sessions: str
    issuer: str
    registry: str
    console: str


@dataclass(frozen=True)
class Kind:
    """A kind of credential: where it is created, and which members of the response go to which variables.

    The last one is the secret.
    """

    path: str
    id_variable: str
    variables: Mapping[str, str]


API_TOKEN = Kind("/api-tokens", "API_TOKEN_ID", {"token": "API_TOKEN"})
ACCESS_KEY = Kind("/access-keys", "ACCESS_KEY_ID", {"key": "ACCESS_KEY"})
API_CLIENT = Kind("/api-clients", "API_CLIENT_ID", {"key": "CLIENT_KEY", "secret": "CLIENT_SECRET"})
KEY_PAIR = Kind("/key-pairs", "KEY_PAIR_ID", {"kid": "KEY_ID", "private_key": "PRIVATE_KEY"})


async def seed(urls: Urls, admin_token: str, env_file: Path) -> dict[str, str]:
    """Create what is missing of the demo, write its values to `env_file` (absolute; mode 0600), and return them.

    A credential that `env_file` holds is kept as long as it is active and has that secret; one that is lost, or was
    rotated away, cannot be shown again, so a new credential is created.
    """
    known = read_variables(env_file)
    client = ServiceClient(
        urls.registry, authorization=lambda: f"Bearer {admin_token}", timeout=CALL_TIMEOUT_S, connections=4
    )
    await client.start()
    try:
        api = AdminApi(client)
        await api.until_accepted(REGISTRY_START_TIMEOUT_S)
        values = await _seed(api, known, env_file.with_name("demo_private_key.pem"))
        link = await console_link(api, urls.console, known.get("CONSOLE_LINK", ""))
    finally:
        await client.stop()
    values = {
        "GATEWAY_URL": urls.gateway,
        "OPERATOR_URL": urls.operator,
        "SESSIONS_URL": urls.sessions,
        "ISSUER_URL": urls.issuer,
        "REGISTRY_URL": urls.registry,
        "ADMIN_TOKEN": admin_token,
        "CONSOLE_URL": urls.console,
        "CONSOLE_LINK": link,
        **values,
    }
    write_variables(env_file, values)
    return values


async def _seed(api: AdminApi, known: Mapping[str, str], key_file: Path) -> dict[str, str]:
    company = await api.ensure("/companies", COMPANY, "client_prefix")
    bookings = {}
    for body in APPLICATIONS:
        application = await api.ensure("/applications", body, "application_prefix")
        booking = {"company_id": company["id"], "application_id": application["id"]}
        bookings[body["application_prefix"]] = await api.ensure("/bookings", booking, *booking)
    of_company = {"company_id": company["id"]}
    token = {"booking_id": bookings["SMS"]["id"], "remote_application": "BlaBla Shop"}
    values = {
        **await _credential(api, API_TOKEN, token, known),
        **await _credential(api, ACCESS_KEY, {**of_company, "name": "demo"}, known),
        **await _credential(api, API_CLIENT, {**of_company, "comment": "demo", "scopes": ["site:read"]}, known),
    }
    pair_body = {**of_company, "scopes": ["website:read:*"], "algorithm": "RS256"}
    pair = await _credential(api, KEY_PAIR, pair_body, _with_private_key(known, key_file))
    write_private(key_file, pair.pop("PRIVATE_KEY"))
    return {
        **values,
        **pair,
        "PRIVATE_KEY_FILE": str(key_file),
        "COMPANY_URI": company["company_uri"],
        "CLIENT_PREFIX": company["client_prefix"],
        "APPLICATION_PREFIX": APPLICATIONS[0]["application_prefix"],
    }


async def _credential(
    api: AdminApi, kind: Kind, body: Mapping[str, Any], known: Mapping[str, str]
) -> dict[str, str]:
    """Its variables: the known ones while they work, else those of a new credential."""
    names = (kind.id_variable, *kind.variables.values())
    if all(map(known.get, names)) and await api.works(kind.path, known[names[0]], known[names[-1]]):
        return {name: known[name] for name in names}
    created = await api.create(kind.path, body)
    return {kind.id_variable: created["id"], **{name: created[member] for member, name in kind.variables.items()}}


def _with_private_key(known: Mapping[str, str], key_file: Path) -> Mapping[str, str]:
    return {**known, "PRIVATE_KEY": key_file.read_text(encoding="ascii")} if key_file.exists() else known


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.demo",
        description="Create a demo company with one credential of each kind; what exists is kept.",
    )
    var = default_var()
    for name, variable, default in URLS:
        default = os.environ.get(variable) or default
        shown = default or "the gateway's"
        parser.add_argument(f"--{name}-url", default=default, help=f"{variable}, or else by default: {shown}")
    parser.add_argument("--admin-token-file", type=Path, default=var / "secrets" / "admin_token")
    parser.add_argument("--output", type=Path, default=var / "demo.env", help="shell variables, mode 0600")
    given = parser.parse_args(argv)
    urls = Urls(
        gateway=given.gateway_url,
        operator=given.operator_url or given.gateway_url,
        sessions=given.sessions_url or given.gateway_url,
        issuer=given.issuer_url or given.gateway_url,
        registry=given.registry_url,
        console=given.console_url,
    )
    try:
        values = asyncio.run(seed(urls, read_secret(given.admin_token_file), given.output.absolute()))
    except (StackError, ValueError, OSError) as error:
        parser.exit(1, f"{error}\n")
    sys.stdout.write(f"{given.output}: {len(values)} variables\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
