# SPDX-License-Identifier: Apache-2.0
"""What a file may be called, and words that must not stand in one."""
import os
import re

from tree import Fault, code_only

CODE = ("*.h", "*.cpp", "*.py", "*.sh", "*.go", "*.js", "*.mjs", "dev", ".ci/run", "tests/bench/run")
FORBIDDEN_NAMES = {"util", "utils", "common", "helper", "helpers", "manager", "impl", "misc", "stuff"}

# In two pieces each, so that this file does not hold what it looks for.
_MACHINE_PATH = re.compile(r"(?<![\w.$}~*)/-])/" + r"(?:root|work|home/[a-z]\w*|Users/\w+)/")
_HOSTS = re.compile("|".join(re.escape(host) for host in (
    "proxy." + "golang.org", "registry." + "npmjs.org", "files." + "pythonhosted.org", "deb." + "debian.org",
    "index." + "crates.io", "repo1." + "maven.org", "pypi." + "org")))
_BANNER = re.compile(r"^\s*(//|#|/?\*)\s*(?:[-=*#~_/+]{5,}|[─━═—–]{3,})|^\s*(//|#)\s*[-=*~]{3,}\s+\S.*[-=*~]{3,}\s*$")
# Waiting is done on a condition with a deadline; a thread is a jthread that somebody owns.
_WAITS = ((re.compile(r"\bsleep_(for|until)\b|\b(u|nano)?sleep\s*\("), "a bare sleep: wait on a condition with a deadline"),
          (re.compile(r"\bstd::thread\b(?!::)"), "std::thread: use std::jthread, named and owned by its starter"),
          (re.compile(r"\.detach\(\)"), "a detached thread has no owner"))


def check_spdx(tree, exemptions):
    for path in tree.matching(*CODE):
        lines = tree.text(path).splitlines()[:2]
        if lines and lines[0].startswith("#!"):
            lines = lines[1:]
        if tree.text(path).strip() and (not lines or "SPDX-License-Identifier: Apache-2.0" not in lines[0]) and \
                not exemptions.covers("spdx", path):
            yield Fault("spdx", path, 1, "the first line must be `SPDX-License-Identifier: Apache-2.0` in a comment")


def check_names(tree, exemptions):
    for path in tree.paths:
        for part in path.split("/"):
            words = set(re.split(r"[^a-z0-9]+", os.path.splitext(part)[0].lower()))
            for word in sorted(words & FORBIDDEN_NAMES):
                if not exemptions.covers("name", path):
                    yield Fault("name", path, 0, f"'{word}' names no concept")
        if path.endswith((".h", ".cpp")) and not re.fullmatch(r"[a-z0-9_./]+", path):
            yield Fault("name", path, 0, "file names are snake_case")


def check_machine(tree, exemptions):
    for path in tree.paths:
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            found = _MACHINE_PATH.search(line) or _HOSTS.search(line)
            if found and not exemptions.covers("machine", path):
                yield Fault("machine", path, number, f"'{found.group(0)}' belongs to one machine, not to the project")


def check_banners(tree, exemptions):
    for path in tree.matching(*CODE):
        for number, line in enumerate(tree.text(path).splitlines(), 1):
            if _BANNER.match(line) and not exemptions.covers("banner", path):
                yield Fault("banner", path, number, "a banner: split the file, or say it in a sentence")


def check_waits(tree, exemptions):
    tests = tree.matching("tests/*_test.cpp")
    for path in tree.cpp() + tests:
        for number, line in enumerate(code_only(tree.text(path)).splitlines(), 1):
            for pattern, message in _WAITS:
                if pattern.search(line) and not exemptions.covers("wait", path):
                    yield Fault("wait", path, number, message)
