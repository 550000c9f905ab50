# SPDX-License-Identifier: Apache-2.0
"""A folder's README names every public header that is there and no file that is not; each disabled lint has its reason."""
import os
import re

from tree import Fault

_FILE = re.compile(r"[\w./-]+\.(?:h|cpp|py|sh|go|mjs|md|cmake|proto)|[\w.-]+/[\w./-]+\.(?:toml|yml|yaml|json|txt|test)")
_QUOTED = re.compile(r"`([^`\n]+)`|\]\(([^)\s#]+)[^)]*\)")


def named_files(text):
    """(line, name) of each file that a document names in backticks or as the target of a link."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        if fenced:
            continue
        for match in _QUOTED.finditer(line):
            name = match.group(1) or match.group(2)
            if _FILE.fullmatch(name) and not name.startswith(("build/", "/")):
                yield number, name


def check_named_files(tree, exemptions):
    there = set(tree.paths)
    for path in tree.matching("README.md", "*/README.md"):
        folder = os.path.dirname(path)
        for line, name in named_files(tree.text(path)):
            places = {os.path.normpath(os.path.join(base, name)) for base in (folder, os.path.join(folder, "src"), "")}
            if not places & there and not exemptions.covers("readme", f"{path}:{name}"):
                yield Fault("readme", path, line, f"names {name}, which is not there")


def check_headers_named(tree, exemptions):
    there = set(tree.paths)
    for header in tree.public_headers():
        folder = os.path.dirname(header)
        # The nearest README speaks for its folder and for sub-folders that have none.
        while folder and f"{folder}/README.md" not in there:
            folder = os.path.dirname(folder)
        if not folder:
            if not exemptions.covers("readme", header):
                yield Fault("readme", header, 0, f"{header.split('/')[0]} has no README.md to name it")
            continue
        names = {name for name in (os.path.basename(header), os.path.relpath(header, folder))}
        text = tree.text(f"{folder}/README.md")
        if not any(re.search(r"(?<![\w.-])" + re.escape(name) + r"(?!\w)", text) for name in names) and \
                not exemptions.covers("readme", header):
            yield Fault("readme", f"{folder}/README.md", 0, f"does not name {os.path.relpath(header, folder)}")


def check_lint_reasons(tree, _exemptions):
    if ".clang-tidy" not in tree.paths:
        return
    text = tree.text(".clang-tidy")
    reasons = set(re.findall(r"^# (-[\w.-]+) +\S.*", text, re.MULTILINE))
    for check in re.findall(r"(?:^|[\s,])(-[a-z][\w.-]+)(?=,|\n|$)", re.sub(r"^#.*$", "", text, flags=re.MULTILINE)):
        if check not in reasons and not check.endswith("-"):
            yield Fault("lint", ".clang-tidy", 0, f"{check} is left out without a reason")
