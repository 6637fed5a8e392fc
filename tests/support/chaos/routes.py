"""The route file of a plane's gateways."""

from collections.abc import Iterable, Mapping
from pathlib import Path

UPSTREAMS = ("protected", "token_issuer", "session_tokens", "operator_validator")


def write_routes(file: Path, urls: Mapping[str, str], applications: Iterable[int]) -> None:
    """A route for each kind of credential, those of `applications`, and the protocols."""
    upstreams = {name: urls[name] for name in UPSTREAMS}
    lines = ["upstreams:", *(f"  {name}: {{url: '{url}', keep_idle: 60}}" for name, url in upstreams.items())]
    lines += ["routes:"]

    def add(name: str, path: str, credential: str, to: str = "protected", more: str = "") -> None:
        lines.append(
            f"  - {{name: {name}, path: {path}, methods: any, credential: {credential}, upstream: {to}{more}}}"
        )

    add("site", "/v2.0/site", "jwt", more=", scopes: ['site:read']")
    add("editor", "/editor", "session_token")
    for number in applications:
        add(f"app-{number}", f"/apps/{number}", "api_token", more=f", application: APP{number}")
        add(f"use-{number}", f"/use/{number}", "jwt", more=f", scopes: ['app{number}:use']")
    for path in ("/auth/token", "/iam/oauth/token", "/oauth2/token", "/oauth2/revoke"):
        add(path[1:].replace("/", "-"), path, "none", "token_issuer")
    for path in ("/generate", "/verify"):
        add(path[1:], path, "none", "session_tokens")
    add("validate", "/operator/v1/validate", "none", "operator_validator")
    unfinished = file.with_suffix(".new")
    unfinished.write_text("\n".join(lines) + "\n")
    unfinished.replace(file)
