"""The route file: a route to each upstream, and something else of them every few seconds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.soak.ways import Way

CONNECT_TIMEOUT_S, RESPONSE_TIMEOUT_S, KEEP_IDLE_S = 0.3, 0.5, 1.0
PATIENT_TIMEOUT_S = 15.0
"""Of each kind, where it is not the failure that is to be seen: more than a busy machine needs."""
RESPONSE_CAUSES = frozenset({"response_timeout", "response_stalled"})
BREAKER = {"failures": 20, "window": 10, "open_for": 0.2}
"""Opens now and then, so that there is both: calls that fail, and calls that are refused."""


@dataclass
class RouteFile:
    """`urls` are the addresses of each upstream. With each `write` all upstreams are others, and get new pools."""

    file: Path
    urls: Mapping[str, list[str]]
    ways: Mapping[str, Way]
    written: int = 0

    def write(self) -> None:
        """In one step: the gateway sees the old file or the new one. JSON is YAML."""
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps({"upstreams": self._upstreams(), "routes": self._routes()}), encoding="ascii")
        new.replace(self.file)
        self.written += 1

    def _upstreams(self) -> dict[str, Any]:
        common = {
            "keep_idle": KEEP_IDLE_S + self.written % 3 / 10,
            "circuit_breaker": BREAKER,
            "resolve_every": 1,
        }
        return {
            name: {
                "addresses": [{"url": url} for url in urls],
                "connect_timeout": self._connect_timeout(name),
                **common,
            }
            for name, urls in self.urls.items()
        }

    def _routes(self) -> list[dict[str, Any]]:
        members = {"methods": "any", "credential": "none", "max_body": 1_000_000}
        return [
            {
                "name": name,
                "prefix": f"/{name}",
                "upstream": name,
                "response_timeout": self._response_timeout(name),
                "idle_timeout": self._response_timeout(name),
                **members,
            }
            for name in self.urls
        ]

    def _connect_timeout(self, name: str) -> float:
        return CONNECT_TIMEOUT_S if "connect_timeout" in self.ways[name].shows else PATIENT_TIMEOUT_S

    def _response_timeout(self, name: str) -> float:
        return RESPONSE_TIMEOUT_S if self.ways[name].shows & RESPONSE_CAUSES else PATIENT_TIMEOUT_S
