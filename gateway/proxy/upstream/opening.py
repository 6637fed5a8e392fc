"""Opening a connection to an endpoint."""

import asyncio
import ssl
from collections.abc import Callable
from functools import partial

from gateway.proxy.ports import UpstreamFailed
from gateway.proxy.upstream.background.tls_watch import TlsWatch
from gateway.proxy.upstream.connection import UpstreamConnection
from gateway.proxy.upstream.endpoint import Endpoint
from gateway.upstreams.client_tls import TlsFileError
from shared.http.calls.failures import describe

UNREACHABLE = "unreachable"
TLS_FAILED = "tls_failed"


async def open_connection(
    endpoint: Endpoint,
    tls: TlsWatch | None,
    *,
    released: Callable[[UpstreamConnection], None],
    lost: Callable[[UpstreamConnection], None],
) -> UpstreamConnection:
    """Raises `UpstreamFailed`, or `TimeoutError` where the caller bounds the time."""
    loop = asyncio.get_running_loop()
    make = partial(UpstreamConnection, loop, endpoint, released=released, lost=lost)
    try:
        _, connection = await loop.create_connection(
            make,
            endpoint.ip,
            endpoint.address.port,
            ssl=await tls.context() if tls is not None else None,
            server_hostname=tls.name_of(endpoint) if tls is not None else None,
        )
    except ssl.SSLError as error:
        raise UpstreamFailed(503, TLS_FAILED, describe(error)) from None
    except TlsFileError as error:
        raise UpstreamFailed(503, TLS_FAILED, f"{error.member} {error}") from None
    except TimeoutError:
        raise
    except (OSError, ValueError) as error:
        raise UpstreamFailed(503, UNREACHABLE, describe(error)) from None
    if not connection.usable:
        raise UpstreamFailed(503, UNREACHABLE, "it closed the connection")
    return connection
