# SPDX-License-Identifier: Apache-2.0
"""The line that ends ./dev test must count what happened: a suite that never ran is no success."""
import contextlib
import io
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import tally  # noqa: E402

PYTEST = """<testsuites><testsuite>
<testcase classname="a.b" name="good"/>
<testcase classname="a.b" name="bad"><failure message="1 != 2"/></testcase>
<testcase classname="a.b" name="broken"><error message="fixture"/></testcase>
<testcase classname="a.b" name="absent"><skipped message="no Go here"/></testcase>
</testsuite></testsuites>"""

CTEST = """<testsuite>
<testcase name="m/A.b" classname="m/A.b" status="run"/>
<testcase name="m/A.c" classname="m/A.c" status="fail"><failure message=""/></testcase>
<testcase name="m/A.d" classname="m/A.d" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase>
<testcase name="m_NOT_BUILT" classname="m_NOT_BUILT" status="notrun">
  <skipped message="Unable to find executable: m_NOT_BUILT-NOTFOUND"/></testcase>
</testsuite>"""


class Tally(unittest.TestCase):
    def count(self, text, *more, alone=None):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "suite")
            for name, content in ((path + ".xml", text), (path + "-alone.xml", alone)):
                if content is not None:
                    with open(name, "w", encoding="utf-8") as file:
                        file.write(content)
            return tally.count([path, *more])

    def test_pytest_results(self):
        totals, faults = self.count(PYTEST)
        self.assertEqual(totals, {"passed": 1, "failed": 2, "skipped": 1, "unsteady": 0})
        self.assertEqual(faults, ["FAILED suite: a.b.bad", "FAILED suite: a.b.broken"])

    def test_what_passes_alone_passed_and_is_named(self):
        alone = """<testsuites><testsuite><testcase classname="a.b" name="bad"/>
            <testcase classname="a.b" name="broken"><failure message="again"/></testcase></testsuite></testsuites>"""
        totals, faults = self.count(PYTEST, alone=alone)
        self.assertEqual(totals, {"passed": 2, "failed": 1, "skipped": 1, "unsteady": 1})
        self.assertEqual(faults, ["UNSTEADY suite: a.b.bad: failed beside others, passed alone", "FAILED suite: a.b.broken"])

    def test_ctest_results_and_a_program_that_was_not_built(self):
        totals, faults = self.count(CTEST)
        self.assertEqual(totals, {"passed": 1, "failed": 2, "skipped": 1, "unsteady": 0})
        self.assertEqual(faults, ["FAILED suite: m/A.c", "FAILED suite: m_NOT_BUILT"])

    def test_a_suite_without_results_failed(self):
        for text in (None, "", "<testsuites/>", "<testsuite><testcase"):
            self.assertEqual(self.count(text)[0]["failed"], 1, text)

    def test_a_build_that_broke_failed(self):
        self.assertEqual(self.count(PYTEST, "broken:build of dev")[0]["failed"], 3)

    def test_the_last_line_says_passed_and_failed_and_no_more(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as said:
            with open(os.path.join(folder, "suite.xml"), "w", encoding="utf-8") as file:
                file.write(PYTEST)
            self.assertEqual(tally.main([os.path.join(folder, "suite")]), 1)
        lines = said.getvalue().splitlines()
        self.assertEqual(lines[-1], "1 passed, 2 failed")
        self.assertTrue(lines[-2].startswith("1 skipped"), lines)


if __name__ == "__main__":
    unittest.main()
