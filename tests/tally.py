# SPDX-License-Identifier: Apache-2.0
"""Adds up JUnit result files and prints the line that ends ./dev test.

    tally.py build/results/unit build/results/e2e "broken:build of dev"

Each argument is a suite's result file without `.xml`; a suite that wrote none, or ran no test, counts as one failure, and
so does each `broken:` word. Tests run beside each other; what failed there was run once more, alone, with its results in
SUITE-alone.xml, which count: one that passed then is named as unsteady. The exit status is 1 when anything failed."""
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


def cases_of(file):
    try:
        return list(ElementTree.parse(file).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return []


def name_of(case):
    name, where = case.get("name", "?"), case.get("classname", "")
    return name if where in ("", name) else f"{where}.{name}"


def count(arguments):
    """(passed, failed, skipped, unsteady) and the lines that explain each failure and each unsteady test."""
    totals = {"passed": 0, "failed": 0, "skipped": 0, "unsteady": 0}
    faults = []
    for argument in arguments:
        if argument.startswith("broken:"):
            totals["failed"] += 1
            faults.append("FAILED " + argument.removeprefix("broken:"))
            continue
        suite = os.path.basename(argument)
        cases = cases_of(argument + ".xml")
        passed_alone = {name_of(case) for case in cases_of(argument + "-alone.xml") if outcome(case) == "passed"}
        if not cases:
            totals["failed"] += 1
            faults.append(f"FAILED {suite}: ran no test")
        for case in cases:
            result = outcome(case)
            if result == "failed" and name_of(case) in passed_alone:
                result = "passed"
                totals["unsteady"] += 1
                faults.append(f"UNSTEADY {suite}: {name_of(case)}: failed beside others, passed alone")
            elif result == "failed":
                faults.append(f"FAILED {suite}: {name_of(case)}")
            totals[result] += 1
    return totals, faults


def main(arguments):
    totals, faults = count(arguments)
    for fault in faults:
        print(fault)
    if totals["skipped"]:
        print(f"{totals['skipped']} skipped: what they need is not here, or they need another machine; each says why above")
    print(f"{totals['passed']} passed, {totals['failed']} failed")
    return 1 if totals["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
