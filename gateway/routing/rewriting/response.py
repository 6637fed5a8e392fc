"""An upstream's response as a route lets its client see it."""

from gateway.edge.client_origin import Origin
from gateway.http1.fields import Field
from gateway.http1.response import ResponseHead
from gateway.routing.cors.policy import FIELD_PREFIX
from gateway.routing.rewriting.location import outer_location
from gateway.routing.table import Route
from gateway.routing.target import read_target


def adapted(response: ResponseHead, route: Route, target: str, origin: Origin) -> ResponseHead:
    """The head with the fields that the route sets and removes, and with the `Location` that the client can reach.

    Where the route has a policy for pages of other origins, the upstream's own is left out.

    `target` is that of the request as it came. To be used for a response that has a `Location`, or for a route that
    says something of responses; any other would be the same.
    """
    fields = response.fields
    if response.redirects and route.rewrite_location:
        called = read_target(target).path
        fields = [
            Field.of("Location", outer_location(field.value, route, called, origin))
            if field.name == "location"
            else field
            for field in fields
        ]
    connection, rules = response.connection, route.response_headers
    if rules is not None:
        fields = [*(field for field in fields if field.name not in rules.names), *rules.fields]
        connection = [name for name in connection if name not in rules.names]
    if route.cors is not None:
        fields = [field for field in fields if not field.name.startswith(FIELD_PREFIX)]
    return ResponseHead(response.status, fields, response.framing, connection, keep_alive=response.keep_alive)
