# SPDX-License-Identifier: Apache-2.0
"""Adds up JUnit result files and prints the line that ends ./dev test.

    tally.py build/results/unit build/results/e2e "broken:build of dev"

Each argument is a suite's result file without `.xml`; a suite that wrote none, or ran no test, counts as one failure, and
so does each `broken:` word. The exit status is 1 when anything failed."""
import os
import sys
import xml.etree.ElementTree as ElementTree


def outcome(case):
    """passed, failed or skipped, of one <testcase> as ctest and pytest write it."""
    status = case.get("status", "run")
    if case.find("failure") is not None or case.find("error") is not None or status == "fail":
        return "failed"
    if case.find("skipped") is not None or status in ("notrun", "disabled"):
        # ctest calls a test skipped whose program was not built; only a test that says so itself is skipped.
        message = case.find("skipped").get("message", "") if case.find("skipped") is not None else status
        return "failed" if "Unable to find executable" in message else "skipped"
    return "passed"


def count(arguments):
    """(passed, failed, skipped) and the lines that explain each failure."""
    totals = {"passed": 0, "failed": 0, "skipped": 0}
    faults = []
    for argument in arguments:
        if argument.startswith("broken:"):
            totals["failed"] += 1
            faults.append(argument.removeprefix("broken:"))
            continue
        suite = os.path.basename(argument)
        try:
            cases = list(ElementTree.parse(argument + ".xml").iter("testcase"))
        except (OSError, ElementTree.ParseError):
            cases = []
        if not cases:
            totals["failed"] += 1
            faults.append(f"{suite}: ran no test")
        for case in cases:
            result = outcome(case)
            totals[result] += 1
            if result == "failed":
                name = case.get("name", "?")
                where = case.get("classname", "")
                faults.append(f"{suite}: {name}" if where in ("", name) else f"{suite}: {where}.{name}")
    return totals, faults


def main(arguments):
    totals, faults = count(arguments)
    for fault in faults:
        print("FAILED", fault)
    if totals["skipped"]:
        print(f"{totals['skipped']} skipped: what they need is not here, or they need another machine; each says why above")
    print(f"{totals['passed']} passed, {totals['failed']} failed")
    return 1 if totals["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
