"""Goes from page to page as a person does."""

from collections.abc import Mapping
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin

import aiohttp

from tests.support.browser.page import Page

MAX_REDIRECTS = 5


class Browser:
    """`cookies` are kept as a browser keeps them for one host; `headers` are those of the last response."""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self._http = http
        self.url = url
        self.cookies: dict[str, str] = {}
        self.headers: Mapping[str, str] = {}
        self.cookie_lines: list[str] = []
        """The last `Set-Cookie` fields that there were."""
        self.page = Page(0, url, "")

    async def open(self, path: str, **headers: str) -> Page:
        """`headers` by their names, hyphens as underscores."""
        return await self._send("GET", path, None, {name.replace("_", "-"): v for name, v in headers.items()})

    async def follow(self, link: str) -> Page:
        return await self.open(self.page.links[link])

    async def press(self, button: str, **typed: str) -> Page:
        """The button of a form, after `typed` into its fields: by the label, its blanks as underscores."""
        form = self.page.form_with(button)
        given = {self.page.names[self._field(label)]: value for label, value in typed.items()}
        fields = [(name, given.get(name, value)) for name, value in form.fields]
        if form.buttons[button][0]:
            fields.append(form.buttons[button])
        if form.method == "get":
            return await self.open(f"{form.action}?{urlencode(fields)}")
        return await self.post(form.action, fields)

    async def post(self, path: str, fields: list[tuple[str, str]], **headers: str) -> Page:
        """Whatever `fields`, as a form of our own pages unless `headers` say otherwise."""
        sent = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        return await self._send("POST", path, urlencode(fields).encode(), sent)

    async def post_raw(self, path: str, body: bytes) -> Page:
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
        return await self._send("POST", path, body, headers)

    async def _send(
        self, method: str, path: str, data: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Page:
        target = urljoin(self.url, path)
        for _ in range(MAX_REDIRECTS):
            sent = dict(headers or {})
            if self.cookies:
                sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            async with self._http.request(
                method, target, data=data, headers=sent, allow_redirects=False
            ) as response:
                self.headers = response.headers
                self._keep(response.headers.getall("Set-Cookie", []))
                text = await response.text()
            if response.status != 303:
                self.page = Page(response.status, str(response.url), text)
                return self.page
            method, data, headers = "GET", None, {}
            target = urljoin(self.url, response.headers["Location"])
        raise AssertionError("redirected for ever")

    def _keep(self, lines: list[str]) -> None:
        self.cookie_lines = lines or self.cookie_lines
        for line in lines:
            for name, morsel in SimpleCookie(line).items():
                if morsel["max-age"] == "0" or not morsel.value:
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = morsel.value

    def _field(self, label: str) -> str:
        wanted = label.replace("_", " ").lower()
        return next(id_ for text, id_ in self.page.labels.items() if text.lower().replace("-", " ") == wanted)
