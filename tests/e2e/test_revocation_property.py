"""A revocation holds everywhere within a second, and stays, and so does a limit: random changes and faults.

Three gateways and all other processes are the real ones, over real stores. While a sequence goes on, all that it
has created is used at every gateway, all the time, and each outcome is held against a plain model
(`tests/support/chaos/model.py`): nothing is accepted after a refusal, nothing that is active is refused for long,
and of what has limits no more passes than they allow, and no less (`tests/support/chaos/limits`).

A failing sequence is shown as a program, with what happened; `make soak` shrinks it, which may take minutes.
"""

import os
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.support.chaos.family import CREDENTIALS, ENDED_BY_HOLDER, PATHS, ROTATED
from tests.support.chaos.faults import HOW, links_of
from tests.support.chaos.figures import Figures
from tests.support.chaos.limits.history import CHOICES, LIMITED_KINDS
from tests.support.chaos.plane import GATEWAYS, INSTANCES, REGISTRIES, Plane
from tests.support.chaos.stage import RunningStage, running_stage
from tests.support.chaos.world import VALKEY_COMES_BACK, World

BOUND = 2.0
"""Seconds for which the consumers trust what they knew: less than the default, so that sequences outlast it."""
SEQUENCES = 2
"""Of revocations, that every run of the tests tries; `make soak` tries as many more as it is given minutes."""
LIMIT_SEQUENCES = (25, 53, 103, 129)
"""Those of limits: without a fault, with Valkey killed or away, with a credential that is rotated meanwhile."""
STEPS = {"revocations": 12, "limits": 8}
"""A limit goes on until calls have come to it."""
OVERLAP = 3600
"""Seconds for which the old secret goes on after a rotation: longer than any sequence."""
SOAKED_PLANE = 300.0
"""Seconds of a soak after which all processes and stores are begun anew."""

SOAKED = "SOAK_MINUTES" in os.environ

Step = tuple[Any, ...]
"""The name of a method of `World`, and its arguments."""
Weighted = tuple[int, st.SearchStrategy[Step]]
"""How many times as often as one of weight 1."""
LIMITED_CREDENTIALS = tuple(kind for kind in CREDENTIALS if kind in LIMITED_KINDS)
LIMITED_AND_ROTATED = tuple(kind for kind in ROTATED if kind in LIMITED_KINDS)

SETTINGS = settings(
    max_examples=2,
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink) if SOAKED else (Phase.generate,),
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)


def steps_on(plane: Plane, *, mostly_limits: bool) -> st.SearchStrategy[Step]:
    """A method of `World` with its arguments. Some come more often than others; the simplest stand first."""
    kinds = _mostly_limits(plane) if mostly_limits else [*_changes(), *_faults(plane), (3, _limit())]
    weighted = [strategy for times, strategy in kinds for _ in range(times)]
    return st.integers(0, len(weighted) - 1).flatmap(weighted.__getitem__)


def _limit() -> st.SearchStrategy[Step]:
    """It is soon used up by all the calls that are made meanwhile."""
    kinds, choices = st.sampled_from(LIMITED_KINDS), st.sampled_from([*CHOICES])
    return st.tuples(st.just("limit"), kinds, choices, st.sampled_from([0, 10, 30]))


def _mostly_limits(plane: Plane) -> list[Weighted]:
    """Few things are stopped, and faults are those that limits depend on: there is something to limit."""
    credentials, rotated = st.sampled_from(LIMITED_CREDENTIALS), st.sampled_from(LIMITED_AND_ROTATED)
    links = [
        (name, target)
        for name, target in links_of(plane)
        if (name in GATEWAYS and target == "valkey") or target == "registry"
    ]
    return [
        (12, _limit()),
        (1, st.just(("lift",))),
        (4, st.tuples(st.just("rotate"), rotated, st.sampled_from([OVERLAP, 0]))),
        (1, st.tuples(st.just("end_version"), rotated, st.sampled_from([0, -1]))),
        (2, st.tuples(st.just("change"), st.sampled_from(["suspend", "revoke"]), credentials)),
        (2, st.just(("resume",))),
        (1, st.tuples(st.just("make"), credentials)),
        (1, st.just(("heal",))),
        (1, st.tuples(st.just("hurt"), st.sampled_from(links), st.sampled_from(HOW))),
        (1, st.tuples(st.just("hurt_valkey"), st.sampled_from(HOW))),
        (1, st.tuples(st.just("restart"), st.sampled_from((*GATEWAYS, *REGISTRIES)), st.booleans())),
        (1, st.tuples(st.just("restart_valkey"), st.sampled_from(VALKEY_COMES_BACK), st.sampled_from([0.0, 1.0]))),
    ]


def _changes() -> list[Weighted]:
    anything, credentials, tokens = (
        st.sampled_from([*PATHS]),
        st.sampled_from(CREDENTIALS),
        st.sampled_from([*ENDED_BY_HOLDER]),
    )
    return [
        (2, st.tuples(st.just("wait"), st.sampled_from([0.1, 0.3, 1.2, BOUND + 0.5]))),
        (4, st.tuples(st.just("change"), st.just("suspend"), anything)),
        (4, st.tuples(st.just("change"), st.just("revoke"), anything)),
        (3, st.just(("resume",))),
        (3, st.tuples(st.just("end_token"), tokens, st.sampled_from(["holder", "operator"]))),
        (1, st.just(("end_signing_key",))),
        (2, st.tuples(st.just("make"), credentials)),
        (3, st.tuples(st.just("rotate"), st.sampled_from(ROTATED), st.sampled_from([0, OVERLAP]))),
        (3, st.tuples(st.just("end_version"), st.sampled_from(ROTATED), st.sampled_from([0, -1]))),
    ]


def _faults(plane: Plane) -> list[Weighted]:
    return [
        (1, st.just(("heal",))),
        (3, st.tuples(st.just("hurt"), st.sampled_from(links_of(plane)), st.sampled_from(HOW))),
        (2, st.tuples(st.just("restart"), st.sampled_from((*GATEWAYS, *INSTANCES)), st.booleans())),
        (1, st.tuples(st.just("restart_postgres"), st.sampled_from([0.0, 1.0]))),
        (2, st.tuples(st.just("restart_valkey"), st.sampled_from(VALKEY_COMES_BACK), st.sampled_from([0.0, 1.0]))),
    ]


def machine_on(stage: RunningStage, *, mostly_limits: bool) -> type[RuleBasedStateMachine]:
    """Sequences on a plane that goes on from one to the next."""

    class RevocationPlane(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.world = World(stage.stage)
            self.idle = True
            self.failure: AssertionError | None = None

        def act(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
            """A violation is raised in the end: hypothesis cannot bear that chance decides when it is noticed."""
            if self.idle or self.failure is not None:
                return
            try:
                stage.act(work())
                self.world.check()
            except AssertionError as error:
                self.failure = error

        @initialize(company=st.integers(0, 999))
        def begin(self, company: int) -> None:
            """The first sequence that hypothesis tries is the simplest there is: nothing is done in it."""
            self.idle = company == 0
            self.act(self.world.begin)

        @rule(step=steps_on(stage.stage.plane, mostly_limits=mostly_limits))
        def do(self, step: Step) -> None:
            name, *arguments = step
            self.act(partial(getattr(self.world, name), *arguments))

        def teardown(self) -> None:
            self.act(self.world.settle)
            if not self.idle:
                stage.act(self.world.end())
            if self.failure is not None:
                raise self.failure

    return RevocationPlane


def run_sequence(stage: RunningStage, number: int) -> None:
    """That of the seed `number`, after the idle one; it is the same in every run. Odd ones are of limits mostly."""
    mostly_limits = number % 2 == 1
    steps = STEPS["limits" if mostly_limits else "revocations"]
    machine = seed(number)(machine_on(stage, mostly_limits=mostly_limits))
    run_state_machine_as_test(machine, settings=settings(SETTINGS, stateful_step_count=steps))


@pytest.fixture(scope="module")
def stage() -> Iterator[RunningStage]:
    with running_stage(Figures(), bound=BOUND) as running:
        yield running


@pytest.mark.timeout(300)  # some 10 s on a quiet machine
@pytest.mark.parametrize("number", range(2, 2 * SEQUENCES + 1, 2))
def test_nothing_is_accepted_after_a_refusal_nor_refused_for_long_in_fixed_sequence(
    stage: RunningStage, number: int
) -> None:
    run_sequence(stage, number)
    sys.stdout.write(f"{stage.stage.figures}\n")


@pytest.mark.timeout(300)  # some 10 s on a quiet machine
@pytest.mark.parametrize("number", LIMIT_SEQUENCES)
def test_limits_let_through_what_they_allow_and_no_more_nor_what_is_stopped_in_fixed_sequence(
    stage: RunningStage, number: int
) -> None:
    run_sequence(stage, number)
    sys.stdout.write(f"{stage.stage.figures}\n")


@pytest.mark.timeout(0)
@pytest.mark.skipif(not SOAKED, reason="make soak MINUTES=30")
def test_soak_nothing_is_accepted_after_a_refusal_for_as_long_as_one_likes() -> None:
    """The seed of each sequence is shown; `SOAK_SEED` is that of the first one, and a number of the tests above."""
    over = time.monotonic() + 60 * float(os.environ["SOAK_MINUTES"])
    number = int(os.environ.get("SOAK_SEED") or time.time())
    figures = Figures()
    while time.monotonic() < over:
        with running_stage(figures, bound=BOUND) as stage:
            until = min(over, time.monotonic() + SOAKED_PLANE)
            while time.monotonic() < until:
                sys.stdout.write(f"SOAK_SEED={number}\n")
                run_sequence(stage, number)
                number += 1
        sys.stdout.write(f"{figures}\n")
