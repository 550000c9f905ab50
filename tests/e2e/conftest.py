# SPDX-License-Identifier: Apache-2.0
from harness.fixtures import *  # noqa: F401,F403 pylint: disable=wildcard-import,unused-wildcard-import

# The files that take longest, so that none of them is left for the end when files run side by side.
LONG = ("test_rule_tests", "test_page", "test_page_limits", "test_kills", "test_clock_steps", "test_page_alerts", "test_full_disk")


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.stem not in LONG)  # stable: otherwise as they were
