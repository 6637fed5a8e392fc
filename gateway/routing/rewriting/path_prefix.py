"""The path prefix by which a route is called, and the one that its upstream knows in its place."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PrefixRewrite:
    """Segments are taken off as a whole, so that what is left begins with a slash or is empty."""

    segments: int
    """Of the route's prefix."""
    inner: str
    """What they become; "" when they are left out. Does not end with a slash."""

    def inner_path(self, path: str) -> str:
        """What the upstream gets of `path`, which the route's prefix matches."""
        return self.inner + path[self._end(path) :] or "/"

    def outer_prefix(self, path: str) -> str:
        """The beginning of `path` that `inner` takes the place of: with a template another one for each path."""
        return path[: self._end(path)]

    def outer_path(self, inner: str, called: str) -> str:
        """`inner`, a path with or without a query of the upstream's, as the client of the path `called` knows it.

        Unchanged when it is not below what the upstream knows as the prefix.
        """
        rest = inner[len(self.inner) :]
        if not inner.startswith(self.inner) or rest[:1] not in ("", "/", "?", "#"):
            return inner
        return self.outer_prefix(called) + rest

    def _end(self, path: str) -> int:
        """Where the prefix ends."""
        end = 0
        for _ in range(self.segments):
            end = path.find("/", end + 1)
            if end < 0:
                return len(path)
        return end
