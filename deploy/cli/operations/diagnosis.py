"""`passgate diagnose`: what is wrong with an assertion or an access token, check by check."""

import argparse
import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

from deploy.cli.connection import GATEWAY_VARIABLE, admin_token, demo_variables, gateway_url
from deploy.cli.http import send_form
from deploy.cli.outcome import DONE, REFUSED, WrongUsage
from deploy.cli.tables import print_json, shown


def add(commands: Any) -> None:
    parser = commands.add_parser("diagnose", help="what is wrong with an assertion or an access token")
    parser.add_argument(
        "file", nargs="?", default="-", metavar="FILE", help="with the JWT; standard input unless given"
    )
    parser.add_argument("--as", dest="kind", choices=("assertion", "token"), help="which it is; else seen from it")
    parser.add_argument("--gateway", default="", metavar="URL", help="PASSGATE_GATEWAY_URL, or that of `make up`")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=_diagnose)


def _diagnose(arguments: argparse.Namespace) -> int:
    text = _text(arguments.file)
    kind = arguments.kind or _kind(text)
    url = gateway_url(arguments.gateway, os.environ, demo_variables(os.environ))
    token = _admin_token(arguments) if kind == "assertion" else ""
    found = send_form(f"{url}/oauth2/diagnose", {kind: text}, token)
    if arguments.json:
        print_json(found)
        return DONE if found["ok"] else REFUSED
    for check in found["checks"]:
        state = {True: "ok", False: "FAILED", None: "-"}[check["ok"]]
        print(f"  {state:6}  {check['check']}  {shown(check['found']) if check['ok'] else ''}".rstrip())
        if check["ok"] is False:
            print(f"          found     {shown(check['found'])}")
            print(f"          expected  {check['expected']}")
            print(f"          do        {check['fix']}")
    print(f"the {found['kind']} {'is valid' if found['ok'] else 'is not valid'}")
    return DONE if found["ok"] else REFUSED


def _admin_token(arguments: argparse.Namespace) -> str:
    """With it more is said. It goes to a gateway that was named, or that came with the token, and to no other."""
    known = admin_token(os.environ)
    named = arguments.gateway or os.environ.get(GATEWAY_VARIABLE)
    return known if named or known == demo_variables(os.environ).get("ADMIN_TOKEN") else ""


def _text(file: str) -> str:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise WrongUsage(f"{file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise WrongUsage(f"{file}: it is no text in UTF-8") from None
    if not text.strip():
        raise WrongUsage("there is no JWT in it")
    return text.strip()


def _kind(text: str) -> str:
    """An assertion is what a company signs about itself: `iss` is `sub`."""
    try:
        part = text.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return "assertion" if "iss" in claims and claims["iss"] == claims.get("sub") else "token"
    except (IndexError, ValueError, TypeError):
        return "token"
