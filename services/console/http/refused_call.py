"""One refused call of the admin API, and how that stands now which stopped it."""

from services.console.admin_api import Object, segment
from services.console.pages.refused_calls.stopped import stop_of
from services.console.session import Session
from shared.identifiers import UUID_FORM


async def refused_call(session: Session, request_id: str) -> Object:
    """As the admin API has it, and `stopped`: what the search says of the object that stopped it.

    None: no object did, or it is gone, or none that the person may see. Raises `NotFound`, `Unprocessable` for what
    is no request id, `Unavailable`.
    """
    decision = await session.api.get(f"/decisions/{segment(request_id)}")
    stop = stop_of(decision)
    if stop is None or stop.version or UUID_FORM.fullmatch(stop.id) is None:
        return {**decision, "stopped": None}
    found = (await session.api.post("/search", {"text": stop.id}))["items"]
    return {**decision, "stopped": next((item for item in found if item["id"] == stop.id), None)}
