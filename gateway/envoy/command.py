"""`python -m gateway render-envoy [FILE]`: a route file as Envoy's configuration, on standard output."""

import argparse
import json
from ipaddress import ip_address
from pathlib import Path

import yaml

from gateway.config import Settings
from gateway.envoy.messages import Json, Place
from gateway.envoy.places import Places, TokenRules
from gateway.envoy.render import CannotRender, render
from gateway.routing.route_file import RouteFileError
from gateway.routing.route_watch import read_route_file
from gateway.routing.upstream_address import place_of
from shared.error_pages.pages import OWN_PATH, error_types

_DECISION_PORT = 8082
_HEADER = """\
# Envoy's configuration for {file}, by `python -m gateway render-envoy`: docs/envoy.md. When the file
# changes, render it again. It holds the values of `request_headers.set`, which may be secrets.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=Path,
        nargs="?",
        help="a route file, which the gateway must use too; otherwise that of PASSGATE_ROUTES_FILE",
    )
    parser.add_argument(
        "--listen", type=_place, default="127.0.0.1:8000", help="where Envoy listens (127.0.0.1:8000)"
    )
    parser.add_argument(
        "--decisions", type=_place, help="the gateway's decision endpoint, as Envoy reaches it (of the settings)"
    )
    parser.add_argument(
        "--gateway", type=_place, help="the gateway's public port, for Passgate's own services (of the settings)"
    )
    parser.add_argument("--format", choices=("yaml", "json"), default="yaml")


def render_envoy(arguments: argparse.Namespace, settings: Settings) -> tuple[int, str]:
    """The exit status and what is to be printed: the configuration, or with 2 all that stands in its way."""
    file: Path = arguments.file or settings.routes_file
    try:
        table = read_route_file(file, settings.own_ports)
        error_types.lead_to(settings.docs_url or settings.issuer + OWN_PATH)
        rules = TokenRules(settings.issuer, settings.audience)
        configuration = render(table, _places(arguments, settings), rules)
    except RouteFileError as error:
        return 2, "\n".join(error.lines)
    except CannotRender as error:
        return 2, "\n".join(f"{file}:{line}: {message}" for line, message in error.problems)
    return 0, _text(configuration, file, arguments.format)


def _places(arguments: argparse.Namespace, settings: Settings) -> Places:
    own = (settings.token_issuer_url, settings.session_tokens_url, settings.operator_validator_url)
    return Places(
        listen=arguments.listen,
        decisions=arguments.decisions or _own(settings.decision_host, settings.decision_port or _DECISION_PORT),
        gateway=arguments.gateway or _own(settings.host, settings.port),
        token_issuer=settings.token_issuer_url,
        own_services=frozenset(map(place_of, own)),
        max_connections=settings.max_connections,
        keepalive_timeout=settings.keepalive_timeout,
    )


def _own(host: str, port: int) -> Place:
    """An address that can be called of those, with commas, that the gateway listens on."""
    first = host.partition(",")[0].strip()
    try:
        address = ip_address(first)
    except ValueError:  # a name
        return Place(first, port)
    if address.is_unspecified:
        return Place("127.0.0.1" if address.version == 4 else "::1", port)
    return Place(first, port)


def _place(text: str) -> Place:
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT")
    return Place(host.removeprefix("[").removesuffix("]"), int(port))


def _text(configuration: Json, file: Path, form: str) -> str:
    if form == "json":
        return json.dumps(configuration, indent=2)
    return _HEADER.format(file=file) + yaml.dump(configuration, Dumper=_Dumper, sort_keys=False, width=110).rstrip()


class _Dumper(yaml.SafeDumper):
    """Without aliases, and the script as the lines that it is."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _string(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _string)
