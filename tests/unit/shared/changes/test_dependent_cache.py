from shared.changes.dependent_cache import DependentCache


def test_entry_leaves_when_any_object_it_depends_on_changes() -> None:
    for changed in ("token", "company"):
        cache: DependentCache[str, int] = DependentCache(10)
        cache.put("a", 1, frozenset({"token", "company"}))
        cache.put("b", 2, frozenset({"other"}))
        cache.drop(changed)
        assert cache.get("a") is None
        assert cache.get("b") == 2


def test_least_recently_used_leaves_first_and_leaves_nothing_behind() -> None:
    cache: DependentCache[str, int] = DependentCache(2)
    cache.put("a", 1, frozenset({"x"}))
    cache.put("b", 2, frozenset({"y"}))
    assert cache.get("a") == 1
    cache.put("c", 3, frozenset({"z"}))
    assert cache.get("b") is None
    assert len(cache) == 2
    assert cache.dependencies == {"x", "z"}


def test_replaced_entry_no_longer_depends_on_what_the_old_one_did() -> None:
    cache: DependentCache[str, int] = DependentCache(2)
    cache.put("a", 1, frozenset({"old"}))
    cache.put("a", 2, frozenset({"new"}))
    cache.drop("old")
    assert cache.get("a") == 2
