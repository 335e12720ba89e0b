"""A table of what each notebook took, at the end of the test run (also with pytest-xdist)."""


def pytest_terminal_summary(terminalreporter):
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    rows = [value for report in reports for value in _runs(report)]
    if not rows:
        return
    terminalreporter.section("notebooks")
    terminalreporter.write_line(f"{'notebook':40} {'way':12} {'seconds':>8} {'MB':>6}")
    for name, way, seconds, megabytes in sorted(rows):
        terminalreporter.write_line(f"{name:40} {way:12} {seconds:8.1f} {megabytes:6.0f}")


def _runs(report):
    """The rows that a test recorded; they travel inside its report from worker to controller."""
    if getattr(report, "when", None) != "call":
        return []
    return [value for key, value in report.user_properties if key == "notebook_run"]
