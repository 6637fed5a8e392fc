"""What callers send to show again whose account it is."""

from aiohttp import web

from services.key_registry.http.people.sessions import origin_of
from services.key_registry.people.factors.confirmation import Presented
from services.key_registry.people.factors.schemas import ConfirmedAct
from shared.http.client_address import ClientAddress


def presented(body: ConfirmedAct, request: web.Request, addresses: ClientAddress) -> Presented:
    block = origin_of(request, addresses).block
    return Presented(body.password, body.code, block, body.confirmation)
