"""Who lacks a report-only scope is counted for it; who lacks another is not."""

from shared.report_only.scopes import ReportOnlyScopes


def test_only_scopes_that_are_report_only_as_a_whole_and_not_granted_are_lacking() -> None:
    report_only = ReportOnlyScopes(["sms:*", "site:read"])
    for granted, wanted, lacking in (
        ((), ["sms:send", "site:read", "site:write"], {"sms:send", "site:read"}),
        (("sms:*",), ["sms:send"], set()),
        (("sms:send",), ["sms:send", "sms:*"], {"sms:*"}),
        ((), ["*", "site:*", "sms"], set()),
    ):
        assert report_only.lacking(granted, wanted) == lacking
    report_only.replace(())
    assert report_only.lacking((), ["site:read"]) == frozenset()
