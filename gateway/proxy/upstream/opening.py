"""Opening a connection to an endpoint."""

import asyncio
import ssl
from collections.abc import Callable
from functools import partial

from gateway.proxy.upstream.connection import UpstreamConnection
from gateway.proxy.upstream.endpoint import Endpoint


async def open_connection(
    endpoint: Endpoint,
    tls: ssl.SSLContext | None,
    *,
    released: Callable[[UpstreamConnection], None],
    lost: Callable[[UpstreamConnection], None],
) -> UpstreamConnection:
    """Raises `OSError`, `ssl.SSLError` among them. The caller bounds the time."""
    loop = asyncio.get_running_loop()
    make = partial(UpstreamConnection, loop, endpoint, released=released, lost=lost)
    _, connection = await loop.create_connection(
        make,
        endpoint.host,
        endpoint.address.port,
        ssl=tls,
        server_hostname=endpoint.address.host if tls is not None else None,
    )
    return connection
