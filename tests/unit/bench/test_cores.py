from tests.bench.cores import Division, apart, division


def test_load_upstream_and_servers_share_no_core_where_there_are_four() -> None:
    divided = division({4, 5, 6, 7, 9})

    assert divided is not None
    assert set(divided.servers) == {4, 5}
    assert set(divided.load) == {6}
    assert set(divided.upstream) == {7, 9}


def test_three_cores_are_not_divided() -> None:
    assert division({0, 1, 2}) is None


def test_one_server_has_a_core_and_all_else_the_others() -> None:
    assert apart({3, 1, 2}) == Division(frozenset({1}), frozenset({2, 3}), frozenset({2, 3}))
    assert apart({1}) is None
