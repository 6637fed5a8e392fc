"""May this caller use this route? From what is known of both, and nothing else."""

from collections.abc import Sequence

from gateway.credentials.identity import Identity
from gateway.routing.table import Route
from shared.scopes import covered


def missing_scopes(route: Route, identity: Identity) -> Sequence[str]:
    """The scopes that the route needs and the caller does not have; none when the call may be made."""
    if not route.scopes:
        return ()
    return [scope for scope in route.scopes if not covered(identity.scopes, scope)]
