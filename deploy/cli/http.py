"""Calls beside the admin API: a form to the gateway, the health of a process."""

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener

from deploy.cli.outcome import Refused, Unreachable, unreachable

TIMEOUT_S = 30.0
HEALTH_TIMEOUT_S = 5.0
"""Of a process that works the health comes within a second, whatever it depends on."""
MAX_BYTES = 1024 * 1024


class NoRedirects(HTTPRedirectHandler):
    """What is sent is for this host alone: what answers with a redirect is not followed to another one."""

    def redirect_request(self, *_: Any) -> None:
        return None


def send_form(url: str, form: Mapping[str, str], token: str = "") -> Any:
    """The JSON of the response. Raises `Refused` with what it says, and `Unreachable`."""
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    status, found = _call(Request(url, urlencode(form).encode(), headers, method="POST"))  # noqa: S310
    if status == 200:
        return found
    members = found if isinstance(found, Mapping) else {}
    says = members.get("error_description") or members.get("detail") or members.get("error") or f"status {status}"
    raise (Unreachable if status >= 500 else Refused)(f"{url}: {says}")


def health(url: str) -> tuple[int, Any]:
    """Status and JSON of a process's `/health`. Raises `Unreachable`."""
    return _call(Request(f"{url}/health", headers={"Accept": "application/json"}), HEALTH_TIMEOUT_S)  # noqa: S310


def _call(request: Request, timeout: float = TIMEOUT_S) -> tuple[int, Any]:
    try:
        with build_opener(NoRedirects).open(request, timeout=timeout) as response:
            return response.status, json.loads(response.read(MAX_BYTES))
    except HTTPError as error:
        try:
            return error.code, json.loads(error.read(MAX_BYTES))
        except (OSError, ValueError):
            return error.code, {}
    except ValueError:
        raise Refused(f"{request.full_url}: the response is no JSON: is this Passgate?") from None
    except (URLError, OSError, http.client.HTTPException) as error:
        raise unreachable(request.full_url, error) from None
