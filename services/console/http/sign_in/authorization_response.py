"""What a browser brings back from the OpenID provider."""

from aiohttp import web

from services.console.browser import cookies


def authorization_response(request: web.Request, *, reauthenticates: bool = False) -> tuple[dict[str, str], str]:
    """For the admin API, with what the browser had kept; and the path to go on to."""
    token, after = cookies.openid_return(request, reauthenticates=reauthenticates)
    query = request.query
    body = {"state": query.get("state", ""), "code": query.get("code", ""), "issuer": query.get("iss", "")}
    return {"token": token, **body}, after
