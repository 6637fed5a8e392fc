"""Where the password of a database goes."""

from pathlib import Path

from deploy.cli.database.tools import of_url


def test_a_password_is_in_no_command_line() -> None:
    tools = of_url(
        "postgresql://passgate:s%2Fcret@127.0.0.1:15432/passgate?sslmode=disable", Path("/bin"), {"A": "b"}
    )
    for argv in (tools.dump(), tools.script(), tools.run_script()):
        assert "cret" not in " ".join(argv)
    assert "--dbname=postgresql://passgate@127.0.0.1:15432/passgate?sslmode=disable" in tools.dump()
    assert (tools.environment["PGPASSWORD"], tools.environment["A"]) == ("s/cret", "b")
    assert "cret" not in repr(tools)
