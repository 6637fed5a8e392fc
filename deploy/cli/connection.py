"""Which registry the command line talks to, and as whom."""

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deploy.cli.outcome import WrongUsage
from deploy.private_files import write_private
from deploy.variables import default_var, read_variables

URL_VARIABLE = "PASSGATE_KEY_REGISTRY_URL"
GATEWAY_VARIABLE = "PASSGATE_GATEWAY_URL"
DEFAULT_GATEWAY_URL = "http://127.0.0.1:8080"
TOKEN_VARIABLE = "PASSGATE_ADMIN_TOKEN"
NAME_IT = f"give --url before the command, or set {URL_VARIABLE}"
NOT_LOGGED_IN = f"no admin token: `make up`, or `passgate login`, or set {URL_VARIABLE} and {TOKEN_VARIABLE}"


@dataclass(frozen=True)
class Connection:
    url: str
    token: str


def login_file(environment: Mapping[str, str]) -> Path:
    """Where `login` keeps the address and the token: mode 0600, in the folder of the XDG specification."""
    home = environment.get("XDG_CONFIG_HOME") or str(Path(environment.get("HOME") or "~").expanduser() / ".config")
    return Path(home) / "passgate" / "login.json"


def keep_login(connection: Connection, environment: Mapping[str, str] = os.environ) -> Path:
    path = login_file(environment)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(path, json.dumps({"url": connection.url, "token": connection.token}) + "\n")
    return path


def connection(arguments: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> Connection:
    """The token is as of `admin_token`; the URL is the option's or the environment's, else that of the file which
    has this very token.

    So no token goes where another one's file says, nor to whoever listens on a usual port. Raises `WrongUsage` when
    there is no token, or no URL for it, and for what is no URL.
    """
    token = admin_token(environment)
    if not token:
        raise WrongUsage(NOT_LOGGED_IN)
    url = named_url(arguments, environment) or _url_of(token, environment)
    if not url:
        raise WrongUsage(f"{TOKEN_VARIABLE} is set, and not where its registry is: {NAME_IT}")
    return Connection(registry_url(url), token)


def admin_token(environment: Mapping[str, str]) -> str:
    """The environment's, else the one that `login` kept, else that of this checkout's `make up`, else ""."""
    return (
        environment.get(TOKEN_VARIABLE)
        or _kept(login_file(environment)).get("token")
        or demo_variables(environment).get("ADMIN_TOKEN", "")
    )


def named_url(arguments: argparse.Namespace, environment: Mapping[str, str]) -> str:
    """What the user says of where the registry is; "" for nothing."""
    return arguments.registry_url or environment.get(URL_VARIABLE) or ""


def _url_of(token: str, environment: Mapping[str, str]) -> str:
    kept, demo = _kept(login_file(environment)), demo_variables(environment)
    urls = {demo.get("ADMIN_TOKEN"): demo.get("REGISTRY_URL"), kept.get("token"): kept.get("url")}
    return urls.get(token) or ""


def demo_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """What `make up` of this checkout, or of PASSGATE_VAR, has written for its demo; nothing where it has not."""
    return read_variables(default_var(environment) / "demo.env")


def gateway_url(given: str, environment: Mapping[str, str], demo: Mapping[str, str]) -> str:
    """Raises `WrongUsage` for what is no URL."""
    return registry_url(
        given or environment.get(GATEWAY_VARIABLE) or demo.get("GATEWAY_URL") or DEFAULT_GATEWAY_URL
    )


def registry_url(text: str) -> str:
    """Raises `WrongUsage` unless it is `http://` or `https://` with a host."""
    try:
        parts = urlsplit(text)
        right = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        right = False
    if not right:
        raise WrongUsage(f"{text!r} is no http:// or https:// URL")
    return text.rstrip("/")


def _kept(path: Path) -> dict[str, str]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise WrongUsage(f"{path} cannot be read: `passgate login` writes it again") from None
    return {str(name): str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}
