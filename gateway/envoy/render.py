"""The whole of Envoy's configuration, from a route table."""

from gateway.envoy.cannot import problems
from gateway.envoy.clusters import clusters
from gateway.envoy.listener import listener
from gateway.envoy.messages import Json, extension
from gateway.envoy.places import Places, TokenRules
from gateway.routing.table import RouteTable

_REGEX_PROGRAM_SIZE = 10_000
"""Of the pattern of all names that outsiders may not use; Envoy's own bound is for patterns of strangers."""


class CannotRender(Exception):
    """The routes say something that Envoy cannot do. `problems` are lines of the route file, and what it is."""

    def __init__(self, problems: list[tuple[int, str]]) -> None:
        super().__init__("\n".join(message for _, message in problems))
        self.problems = problems


def render(table: RouteTable, places: Places, rules: TokenRules) -> Json:
    """Envoy's bootstrap. Raises `CannotRender`: nothing is left out in silence."""
    if found := list(problems(table, places)):
        raise CannotRender(found)
    return {
        "static_resources": {
            "listeners": [listener(table.routes, places, rules)],
            "clusters": clusters(table.routes, places),
        },
        "overload_manager": {
            "resource_monitors": [
                extension(
                    "envoy.resource_monitors.global_downstream_max_connections",
                    "resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                    max_active_downstream_connections=places.max_connections,
                )
            ]
        },
        "layered_runtime": {
            "layers": [
                {"name": "passgate", "static_layer": {"re2.max_program_size.error_level": _REGEX_PROGRAM_SIZE}}
            ]
        },
    }
