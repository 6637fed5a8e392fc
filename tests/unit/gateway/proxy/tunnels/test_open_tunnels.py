"""How many tunnels one client and all clients may hold."""

from gateway.proxy.tunnels.open_tunnels import OpenTunnels


def admitted(tunnels: OpenTunnels, client: str, count: int, connections: int = 8) -> list[object]:
    holders = [object() for _ in range(count)]
    return [holder for holder in holders if tunnels.add(holder, client, "upstream", connections)]


def test_one_client_holds_at_most_half_of_an_upstreams_connections() -> None:
    assert len(admitted(OpenTunnels(), "a", 10)) == 4


def test_all_clients_together_leave_a_quarter_to_calls_that_end() -> None:
    tunnels = OpenTunnels()
    assert sum(len(admitted(tunnels, client, 3)) for client in "abcd") == 6
    assert len(tunnels) == 6


def test_another_upstream_has_bounds_of_its_own() -> None:
    tunnels = OpenTunnels()
    admitted(tunnels, "a", 4)
    assert tunnels.add(object(), "a", "another", 8)


def test_one_that_has_ended_makes_room_and_leaves_nothing() -> None:
    tunnels = OpenTunnels()
    holders = admitted(tunnels, "a", 4)
    for _ in range(2):  # ending twice frees one place
        tunnels.discard(holders[0])
    assert len(admitted(tunnels, "a", 2)) == 1
    for holder in [*holders, *list(tunnels._held)]:
        tunnels.discard(holder)
    assert len(tunnels) == 0
    assert not tunnels._of_client


def test_a_request_that_is_sent_again_counts_once() -> None:
    tunnels, holder = OpenTunnels(), object()
    assert all(tunnels.add(holder, "a", "upstream", 2) for _ in range(3))
    assert len(tunnels) == 1


def test_an_upstream_with_one_connection_may_have_a_tunnel() -> None:
    assert len(admitted(OpenTunnels(), "a", 2, connections=1)) == 1
