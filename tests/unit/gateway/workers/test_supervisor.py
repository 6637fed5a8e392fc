"""What operators see of several workers: one key set, whichever of them signs."""

import json
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from gateway.workers.supervisor import WorkerIdentityKeys
from shared.errors import Unavailable


class WorkerDouble:
    def __init__(self, number: int, *kids: str) -> None:
        self.number = number
        self.kids = kids
        self.away = False

    async def get(self, path: str) -> tuple[int, Any]:
        if self.away:
            raise Unavailable
        assert path == "/.well-known/jwks.json"
        return 200, {"keys": [{"kid": kid} for kid in self.kids]}


async def kids(keys: WorkerIdentityKeys) -> list[str]:
    response = await keys.jwks(make_mocked_request("GET", "/.well-known/jwks.json"))
    return [key["kid"] for key in json.loads(response.text or "")["keys"]]


async def test_the_keys_of_all_workers_are_listed_each_once() -> None:
    workers = [WorkerDouble(0, "a"), WorkerDouble(1, "b"), WorkerDouble(2, "a")]
    assert sorted(await kids(WorkerIdentityKeys(lambda: workers))) == ["a", "b"]


async def test_the_keys_of_a_worker_that_is_busy_are_still_listed_and_those_of_its_successor_take_their_place() -> (
    None
):
    first, second = WorkerDouble(0, "a"), WorkerDouble(1, "b")
    keys = WorkerIdentityKeys(lambda: [first, second])
    await kids(keys)
    second.away = True
    assert sorted(await kids(keys)) == ["a", "b"]
    second.away, second.kids = False, ("c",)
    assert sorted(await kids(keys)) == ["a", "c"]


async def test_without_any_worker_there_is_no_key_set() -> None:
    worker = WorkerDouble(0, "a")
    worker.away = True
    with pytest.raises(Unavailable):
        await kids(WorkerIdentityKeys(lambda: [worker]))
