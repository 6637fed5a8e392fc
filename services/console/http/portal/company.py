"""Whose portal it is."""

from services.console.admin_api import Object, segment, together
from services.console.pages.kinds import KINDS, Kind
from services.console.session import Session
from shared.errors import NotFound


async def own_company(session: Session) -> Object:
    """The company that the person is bound to. Raises `NotFound` for the operator's own people."""
    found: Object = await session.api.get(f"/companies/{segment(own_company_id(session))}")
    return found


def own_company_id(session: Session) -> str:
    """Raises as `own_company`."""
    company_id = session.me["company_id"]
    if not company_id:
        raise NotFound("this page is for the people of one company; you see all companies under Companies")
    return str(company_id)


async def own_credentials(session: Session, company_id: str) -> list[tuple[Kind, Object]]:
    """All of the company's, of each kind, the newest first."""
    lists = await together(*(session.api.items(f"/{kind.path}", company_id=company_id) for kind in KINDS))
    found = [(kind, item) for kind, items in zip(KINDS, lists, strict=True) for item in items]
    return sorted(found, key=lambda pair: str(pair[1]["created_at"]), reverse=True)
