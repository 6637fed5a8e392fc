"""Checking a mapping of the route file against its model, and reporting what is wrong with it in lines."""

import difflib
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from gateway.routing.yaml_reader import Errors, Members, check_repeated, innermost, members, plain

M = TypeVar("M", bound=BaseModel)


class EntryReader:
    """What is wrong gathers in `errors`."""

    def __init__(self, errors: Errors) -> None:
        self._errors = errors

    def read(self, node: yaml.Node, what: str, model: type[M]) -> tuple[Members, M] | None:
        """`node` as `model`; None, and an error for each member that is wrong."""
        given = members(node, what, self._errors)
        if given is None:
            return None
        for _, value in given.nodes.values():
            check_repeated(value, what, self._errors)
        try:
            values: dict[str, Any] = {name: plain(value) for name, (_, value) in given.nodes.items()}
            return given, model.model_validate(values)
        except ValidationError as error:
            wrong = {str(e["loc"][0]): e for e in reversed(error.errors(include_url=False, include_input=False))}
            # What else a route may say depends on its credential.
            for name in ["credential"] if "credential" in wrong else wrong:
                place = wrong[name]["loc"]
                if len(place) > 1:
                    self.fail_inside(given, place, wrong[name]["type"], wrong[name]["msg"])
                else:
                    self._report(given, name, wrong[name]["type"], wrong[name]["msg"], model)
            return None

    def _report(self, given: Members, name: str, kind: str, message: str, model: type[BaseModel]) -> None:
        if kind == "extra_forbidden":
            self._unknown(given, name, model)
        elif kind == "missing":
            self.fail(given, name, "is missing")
        else:
            self.fail(given, name, _message(kind, message))

    def fail_inside(self, given: Members, place: tuple[str | int, ...], kind: str, message: str) -> None:
        """What is wrong inside a member, at the line of the innermost that is there."""
        steps = (step for step in place if step != "[key]")  # pydantic's word for the key of a mapping
        name = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)[1:]
        found = {"extra_forbidden": "is unknown", "missing": "is missing"}.get(kind) or _message(kind, message)
        self._errors.add(innermost(given.node, place), f"{given.what}: {name} {found}")

    def check_names(self, given: Members, model: type[BaseModel]) -> None:
        for name in given.nodes:
            if name not in model.model_fields:
                self._unknown(given, name, model)
        for name in model.model_fields:
            if name not in given.nodes and model.model_fields[name].is_required():
                self.fail(given, name, "is missing")

    def _unknown(self, given: Members, name: str, model: type[BaseModel]) -> None:
        near = difflib.get_close_matches(name, model.model_fields, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        self._errors.add(given.nodes[name][0], f"{given.what}: unknown member {name!r}{hint}")

    def fail(self, given: Members, name: str, message: str) -> None:
        """Report what is wrong with a member, at its line, or at that of the mapping when it is not there."""
        self._errors.add(given.value(name) or given.node, f"{given.what}: {name} {message}")


def _message(kind: str, message: str) -> str:
    """pydantic's message in our words: those of a member's own type begin with what the library calls them."""
    ours = {
        "model_type": "must be a mapping",
        "dict_type": "must be a mapping",
        "tuple_type": "must be a list",
        "too_short": "must not be empty",
        "too_long": "has too many members",
    }
    return ours.get(kind) or message.removeprefix("Value error, ")
