"""Which registry the command line talks to, and as whom."""

import argparse
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.cli.outcome import WrongUsage
from deploy.private_files import write_private
from deploy.variables import read_variables

DEFAULT_URL = "http://127.0.0.1:8101"
URL_VARIABLE = "PASSGATE_KEY_REGISTRY_URL"
TOKEN_VARIABLE = "PASSGATE_ADMIN_TOKEN"
NOT_LOGGED_IN = f"no admin token: `passgate login`, or set {TOKEN_VARIABLE}"


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
    """By the options, else the environment, else what `login` kept, else the demo of this checkout's `make up`.

    Raises `WrongUsage` when none of them has a token.
    """
    kept = _kept(login_file(environment))
    demo = read_variables(Path(environment.get("PASSGATE_VAR") or "var") / "demo.env")
    token = environment.get(TOKEN_VARIABLE) or kept.get("token") or demo.get("ADMIN_TOKEN")
    if not token:
        raise WrongUsage(NOT_LOGGED_IN)
    of_token = kept.get("url") if token == kept.get("token") else demo.get("REGISTRY_URL")
    url = arguments.url or environment.get(URL_VARIABLE) or of_token or DEFAULT_URL
    return Connection(url.rstrip("/"), token)


def _kept(path: Path) -> dict[str, str]:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise WrongUsage(f"{path} cannot be read: `passgate login` writes it again") from None
    return {str(name): str(value) for name, value in kept.items()} if isinstance(kept, dict) else {}
