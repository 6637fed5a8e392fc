"""Whoever refers weakly to an object that may be of a compiled class learns of its end, as of any other's."""

import gc
import weakref
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from gateway.credentials.extract import MalformedQuery, NoCredential
from gateway.http1.body import TooManyExtensions
from gateway.http1.fields import MalformedField
from gateway.http1.framing import MalformedFraming
from gateway.http1.request import BadRequest
from gateway.http1.response import BadResponse
from gateway.routing.matching.path_index import TooManyOverlaps
from shared.metrics import ReadCounter

MAKES: tuple[Callable[[], object], ...] = (
    NoCredential,
    MalformedQuery,
    lambda: BadRequest("a reason"),
    lambda: BadResponse("a reason"),
    lambda: TooManyExtensions("a reason"),
    lambda: MalformedField("a reason"),
    lambda: MalformedFraming("a reason"),
    lambda: TooManyOverlaps("a reason"),
    lambda: ReadCounter(CollectorRegistry(), "a_name", "A text.", lambda: 0.0),
)


@pytest.mark.parametrize("make", MAKES)
def test_a_weak_reference_ends_with_its_object(make: Callable[[], object]) -> None:
    ended: list[object] = []
    references = [weakref.ref(make(), ended.append) for _ in range(100)]
    gc.collect()
    assert ended == references
    assert {reference() for reference in references} == {None}


@pytest.mark.parametrize("make", MAKES[:-1])
def test_a_weak_reference_ends_with_an_object_that_refers_to_itself(make: Callable[[], object]) -> None:
    made = make()
    assert isinstance(made, Exception)
    made.args = (made,)
    references = [weakref.ref(made), weakref.ref(made, lambda _: None)]
    del made
    gc.collect()
    assert [reference() for reference in references] == [None, None]


@pytest.mark.parametrize("make", MAKES)
def test_an_object_outlives_the_weak_references_to_it(make: Callable[[], object]) -> None:
    made = make()
    for _ in range(100):
        assert weakref.ref(made)() is made
        gc.collect(0)
