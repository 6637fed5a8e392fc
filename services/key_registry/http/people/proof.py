"""What callers send to show again whose account it is."""

from aiohttp import web

from services.key_registry.http.people.sessions import origin_of
from services.key_registry.people.reauthentication.reauthentication import Proof
from services.key_registry.people.reauthentication.schemas import ReauthenticationProof
from shared.http.client_address import ClientAddresses


def proof_of(body: ReauthenticationProof, request: web.Request, addresses: ClientAddresses) -> Proof:
    block = origin_of(request, addresses).block
    return Proof(body.password, body.code, block, body.confirmation)
