"""One result for several who wait: an exception that all of them raise would collect the traces of all."""

import asyncio
import contextlib
from types import GetSetDescriptorType, MemberDescriptorType
from typing import Any, TypeVar

T = TypeVar("T")
E = TypeVar("E", bound=BaseException)
_UNSET = object()


async def shared_result(future: "asyncio.Future[T]") -> T:
    """What `future` has come to; each who waits raises an exception of its own, and may leave without ending it."""
    if not future.done():
        try:
            await asyncio.wait([future])
        except asyncio.CancelledError:
            future.add_done_callback(_seen)
            raise
    error = future.exception()
    if error is not None:
        raise own_exception(error)
    return future.result()


def own_exception(error: E) -> E:
    """Another one of the same type, with all that `error` holds: fields, cause, context and the trace until now.

    It is `error` itself where its type cannot be made anew of `args`, as pydantic's `ValidationError`.
    """
    kind = type(error)
    try:
        own = kind.__new__(kind, *error.args)  # not its constructor, whose arguments nobody keeps
    except TypeError:
        return error
    for base in kind.__mro__:
        for name, member in vars(base).items():
            if isinstance(member, GetSetDescriptorType | MemberDescriptorType) and not name.startswith("__"):
                with contextlib.suppress(AttributeError, TypeError):  # not set, or set as it was made
                    if (value := member.__get__(error)) is not getattr(own, name, _UNSET):
                        member.__set__(own, value)
    vars(own).update(vars(error))
    own.__cause__, own.__context__ = error.__cause__, error.__context__
    own.__suppress_context__ = error.__suppress_context__
    return own.with_traceback(error.__traceback__)


def _seen(future: "asyncio.Future[Any]") -> None:
    """All who waited may be gone: then nobody else takes the exception."""
    if not future.cancelled():
        future.exception()
