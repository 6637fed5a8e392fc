"""The registry's admin API, as a service calls it on behalf of an admin, with the admin's own token."""

from urllib.parse import quote

from shared.contracts import Caller
from shared.errors import Unauthenticated, Unavailable


class AdminApiClient:
    """The registry alone decides who is an admin and what is visible to them: nothing of that is known here."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    async def may_read(self, authorization: str, resource: str, id_: str) -> bool:
        """Whether the admin may read the object; with "" as its id, whether they may read any such objects.

        Raises `Unauthenticated` for who is no admin, and `Unavailable`.
        """
        path = f"/admin/v1/{resource}/{quote(id_, safe='')}" if id_ else f"/admin/v1/{resource}?limit=1"
        status, _ = await self._client.request("GET", path, headers={"Authorization": authorization})
        if status == 401:
            raise Unauthenticated("a valid admin token is required")
        if status in (403, 404):
            return False
        if status != 200:
            raise Unavailable(detail=f"the admin API responds with {status}")
        return True
