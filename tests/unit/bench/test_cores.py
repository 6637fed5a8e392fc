from tests.bench.cores import division


def test_load_upstream_and_servers_share_no_core_where_there_are_four() -> None:
    divided = division({4, 5, 6, 7, 9})

    assert divided is not None
    assert set(divided.servers) == {4, 5}
    assert set(divided.load) == {6}
    assert set(divided.upstream) == {7, 9}


def test_three_cores_are_not_divided() -> None:
    assert division({0, 1, 2}) is None
