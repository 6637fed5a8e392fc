"""A trace goes on only if it is exactly one and comes from somebody who may say so; else a new one begins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.trace_context import MAX_STATE_BYTES, PassedOn, TraceContext, read_parent, read_state
from tests.support.http1.heads import head_of

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GIVEN = f"00-{TRACE}-{PARENT}-01"
FRESH = "0af7651916cd43dd8448eb211c80319c"
NEW = f"traceparent: 00-{FRESH}-{FRESH[:16]}-01"
CONTINUED = f"traceparent: 00-{TRACE}-{FRESH[:16]}-01"
INVALID = [
    "",
    GIVEN.upper(),
    f"00-{TRACE.upper()}-{PARENT}-01",
    f"00-{'0' * 32}-{PARENT}-01",
    f"00-{TRACE}-{'0' * 16}-01",
    f"ff-{TRACE}-{PARENT}-01",
    f"0-{TRACE}-{PARENT}-01",
    f"00-{TRACE}-{PARENT}",
    f"00-{TRACE}-{PARENT}-1",
    f"00-{TRACE}-{PARENT}-001",
    f"00-{TRACE}-{PARENT}-01-",
    f"00-{TRACE}-{PARENT}-01-what-will-be",
    f"01-{TRACE}-{PARENT}-01.what-will-be",
    f"00-{TRACE[:-1]}-{PARENT}-01",
    f"00-{TRACE}0-{PARENT}-01",
    f"00-{TRACE[:-1]}g-{PARENT}-01",
    f"00-{TRACE}-{PARENT[:-1]}-01",
    f"00_{TRACE}_{PARENT}_01",
    f"00-{TRACE}-{PARENT}-0x",
    f"{GIVEN},{GIVEN}",
]


def traced(*lines: str, trusted: bool = True, tracing: TraceContext | None = None) -> tuple[str, list[str]]:
    """The id, and the upstream's lines."""
    id_, fields = (tracing or TraceContext()).trace(head_of(*lines), trusted=trusted, fresh_id=FRESH)
    return id_, fields.split("\r\n")


def test_without_a_trace_one_begins_under_an_id_that_is_the_calls_own() -> None:
    assert traced() == (FRESH, [NEW])
    assert read_parent([NEW.partition(": ")[2]]) is not None


def test_the_trace_of_a_trusted_proxy_goes_on_with_the_gateway_as_the_parent() -> None:
    assert traced(f"traceparent: {GIVEN}") == (TRACE, [CONTINUED])
    assert traced(f"TraceParent: {GIVEN}", "TraceState: a=1,b=2") == (TRACE, [CONTINUED, "tracestate: a=1,b=2"])


def test_nobody_else_names_the_trace_that_our_log_and_upstreams_have() -> None:
    assert traced(f"traceparent: {GIVEN}", "tracestate: a=1", trusted=False) == (FRESH, [NEW])


def test_where_it_is_so_set_anyone_does() -> None:
    assert traced(f"traceparent: {GIVEN}", trusted=False, tracing=TraceContext(from_anyone=True)) == (
        TRACE,
        [CONTINUED],
    )


@pytest.mark.parametrize("value", INVALID)
def test_what_is_no_valid_parent_is_replaced_and_its_state_is_dropped(value: str) -> None:
    assert read_parent([value]) is None
    assert traced(f"traceparent: {value}", "tracestate: a=1") == (FRESH, [NEW])


def test_a_parent_with_a_blank_after_it_is_none() -> None:
    assert read_parent([f"{GIVEN} "]) is None


def test_two_parents_are_none() -> None:
    assert traced(f"traceparent: {GIVEN}", f"traceparent: {GIVEN}") == (FRESH, [NEW])


def test_a_state_without_a_parent_is_dropped() -> None:
    assert traced("tracestate: a=1") == (FRESH, [NEW])


@pytest.mark.parametrize(
    ("given", "kept"),
    [("00", "00"), ("01", "01"), ("02", "02"), ("03", "03"), ("ff", "03"), ("a8", "00"), ("09", "01")],
)
def test_of_the_flags_sampled_and_random_are_kept(given: str, kept: str) -> None:
    _, [line] = traced(f"traceparent: 00-{TRACE}-{PARENT}-{given}")
    assert line.endswith(f"-{kept}")


@pytest.mark.parametrize("more", ["", "-", "-what-will-be"])
@pytest.mark.parametrize("version", ["01", "cc", "fe"])
def test_of_a_later_version_the_known_part_goes_on_as_version_00(version: str, more: str) -> None:
    assert traced(f"traceparent: {version}-{TRACE}-{PARENT}-01{more}") == (TRACE, [CONTINUED])


@pytest.mark.parametrize(("share", "flags"), [(1.0, "01"), (0.0, "00")])
def test_all_or_none_of_the_new_traces_are_sampled(share: float, flags: str) -> None:
    _, [line] = traced(tracing=TraceContext(sampled_share=share))
    assert line.endswith(f"-{flags}")


def test_a_share_of_the_new_traces_is_sampled_by_their_random_ids() -> None:
    tracing = TraceContext(sampled_share=0.25)
    ids = [f"{n:02x}".ljust(16, "1") + f"00{n:02x}".ljust(16, "8") for n in range(256)]
    lines = [tracing.trace(head_of(), trusted=False, fresh_id=id_)[1] for id_ in ids]
    assert [line[-2:] for line in lines] == ["01"] * 64 + ["00"] * 192


def test_the_share_says_nothing_of_traces_that_go_on() -> None:
    tracing = TraceContext(sampled_share=0.0)
    assert traced(f"traceparent: {GIVEN}", tracing=tracing) == (TRACE, [CONTINUED])


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ([], ""),
        (["a=1"], "a=1"),
        (["a=1", "b=2"], "a=1,b=2"),
        (["a=1 ,\t b=2,,"], "a=1,b=2"),
        (["tenant@system=x", "0a=y"], "tenant@system=x,0a=y"),
        (["a_-*/z=!~ (x)"], "a_-*/z=!~ (x)"),
        ([",".join(f"k{n}=v" for n in range(32))], ",".join(f"k{n}=v" for n in range(32))),
        ([",".join(f"k{n}=v" for n in range(33))], ""),
        (["a=" + "x" * 256], "a=" + "x" * 256),
        (["a=" + "x" * 257], ""),
        (["a=1,b=" + "x" * 253 + ",c=" + "x" * 250], "a=1,b=" + "x" * 253 + ",c=" + "x" * 250),
        (["a=1,b=" + "x" * 254 + ",c=" + "x" * 250], ""),
        (["a=1,a=2"], ""),
        (["A=1"], ""),
        (["a"], ""),
        (["a="], ""),
        (["=1"], ""),
        (["a=1=2"], ""),
        (["a=é"], ""),
        (["a=1;b"], "a=1;b"),
        (["a =1"], ""),
    ],
)
def test_a_state_goes_on_whole_in_one_field_or_not_at_all(values: list[str], state: str) -> None:
    assert read_state(values) == state


@given(st.one_of(st.text(), st.from_regex(r"[0-9a-f]{2}-[0-9a-f]{30,33}-[0-9a-f]{15,17}-[0-9a-f]{2}(-[a-z]*)?")))
def test_whatever_is_read_as_a_parent_gives_a_valid_one(value: str) -> None:
    parent = read_parent([value])
    if parent is not None:
        assert read_parent([f"00-{parent.trace_id}-{FRESH[:16]}-{parent.flags}"]) == parent


@given(st.lists(st.text(alphabet="a1=,\t @-*/_~!", max_size=300), max_size=3))
def test_whatever_is_read_as_a_state_is_within_its_bounds_and_read_the_same_again(values: list[str]) -> None:
    state = read_state(values)
    assert len(state) <= MAX_STATE_BYTES
    assert read_state([state]) == state


def test_a_gateway_that_takes_no_part_passes_on_what_came() -> None:
    def passed(*lines: str) -> tuple[str, str]:
        return PassedOn().trace(head_of(*lines), trusted=False, fresh_id=FRESH)

    assert passed() == ("", "")
    assert passed("tracestate: a=1") == ("", "")
    assert passed(f"Traceparent: {GIVEN}", "tracestate: a=1", "tracestate: b=2") == (
        "",
        f"traceparent: {GIVEN}\r\ntracestate: a=1\r\ntracestate: b=2",
    )
