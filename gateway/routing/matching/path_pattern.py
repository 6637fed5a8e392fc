"""The path of a route: one path, a template of paths, or all that is below one."""

import re
from dataclasses import dataclass

PARAMETER = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]{0,31}\}")
"""A segment of a template: it matches any one segment that is not empty."""

Specificity = tuple[int, int, tuple[bool, ...], bool]


@dataclass(frozen=True, slots=True)
class PathPattern:
    segments: tuple[str | None, ...]
    """Between the slashes, without the first slash; None stands for any one segment that is not empty."""
    prefix: bool
    """Whether it stands for all that is below it, too."""
    only_below: bool = False
    """Of a prefix that ends with a slash: whether it stands for what is below it alone."""

    @classmethod
    def of(cls, path: str, *, prefix: bool) -> "PathPattern":
        only_below = prefix and path.endswith("/")
        parts = path[1:-1] if only_below and len(path) > 1 else path[1:]
        names = parts.split("/") if parts or not prefix else []
        segments = tuple(None if PARAMETER.fullmatch(name) else name for name in names)
        return cls(segments, prefix, only_below)

    @property
    def literal(self) -> bool:
        """Whether it stands for one path alone."""
        return not self.prefix and None not in self.segments

    @property
    def specificity(self) -> Specificity:
        """Of two patterns that match one path the one with the smaller value is more specific.

        Literal paths come before templates, and templates before prefixes, of which the longer comes first. Of two
        of one kind and length the first segment decides that is literal in one of them alone. No two patterns that
        differ and match one path have the same value.
        """
        kind = 0 if self.literal else 2 if self.prefix else 1
        templates = tuple(segment is None for segment in self.segments)
        return kind, -len(self.segments) if self.prefix else 0, templates, not self.only_below

    def matches(self, path: str) -> bool:
        """Whether it stands for `path`: the plain definition. `PathIndex` finds the same, faster."""
        given = path.split("/")[1:]
        if len(given) < len(self.segments) + self.only_below or not (
            self.prefix or len(given) == len(self.segments)
        ):
            return False
        return all(
            have == want if want is not None else have != ""
            for have, want in zip(given, self.segments, strict=False)
        )
