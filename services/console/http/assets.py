"""Style sheet and script, under a name that changes with what they hold: a browser keeps them for good."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from shared.errors import NotFound

FOLDER = Path(__file__).resolve().parents[1] / "assets"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOREVER = "public, max-age=31536000, immutable"
PATH = "/assets/{name}"


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    content_type: str


class Assets:
    """`urls`: the URL of each file by its own name."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self._assets: dict[str, Asset] = {}
        self.urls: dict[str, str] = {}
        for name, content in files.items():
            stem, suffix = name.rsplit(".", 1)
            hashed = f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}.{suffix}"
            self._assets[hashed] = Asset(content, TYPES[f".{suffix}"])
            self.urls[name] = f"/assets/{hashed}"

    @classmethod
    def load(cls) -> "Assets":
        return cls({path.name: path.read_bytes() for path in sorted(FOLDER.iterdir()) if path.suffix in TYPES})

    async def get(self, request: web.Request) -> web.Response:
        asset = self._assets.get(request.match_info["name"])
        if asset is None:
            raise NotFound("there is no such file")
        return web.Response(
            body=asset.content,
            content_type=asset.content_type,
            charset="utf-8",
            headers={"Cache-Control": FOREVER, "X-Content-Type-Options": "nosniff"},
        )
