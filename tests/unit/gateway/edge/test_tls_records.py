"""However bytes arrive, they leave in pieces that end where a record does, and nothing of them is lost."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.tls_records import HEADER_BYTES, Records

CONTENTS = st.lists(st.integers(0, 0x41) | st.sampled_from([0x4100, 0xFFFF]), max_size=8)


@given(lengths=CONTENTS, cuts=st.lists(st.integers(1, 70_000), min_size=1, max_size=20))
def test_each_piece_is_of_one_record(lengths: list[int], cuts: list[int]) -> None:
    wire = b"".join(b"\x17\x03\x03" + length.to_bytes(2, "big") + b"x" * length for length in lengths)
    records, ends, found, at = Records(), [], b"", 0
    while at < len(wire):
        cut = cuts[at % len(cuts)]
        records.add(wire[at : at + cut])
        at += cut
        while records.pending:
            piece = records.next()
            assert piece
            found += piece
            if records.complete:
                ends.append(len(found))
    assert found == wire
    assert ends == [sum(lengths[:n]) + n * HEADER_BYTES for n in range(1, len(lengths) + 1)]


def test_what_is_added_before_all_is_taken_comes_after_it() -> None:
    records, one, two = Records(), b"\x17\x03\x03\x00\x01a", b"\x17\x03\x03\x00\x02bc"
    records.add(one + one)
    assert records.next() == one
    records.add(two[:3])
    records.add(two[3:])
    assert [records.next(), records.next()] == [one, two]
    assert not records.pending
