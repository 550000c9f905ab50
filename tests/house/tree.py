# SPDX-License-Identifier: Apache-2.0
"""What the house rules look at: the files of a checkout, C++ text without its comments, and the exemptions."""
import dataclasses
import fnmatch
import os
import re
import subprocess

FOLDERS = ("meters", "traces", "wire", "exporters", "rules", "agent")


@dataclasses.dataclass(frozen=True)
class Fault:
    rule: str
    path: str
    line: int
    message: str

    def __str__(self):
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.rule}: {self.message}"


class Tree:
    """The files of a checkout that git does not ignore, by repository path, with their text."""

    def __init__(self, root):
        self.root = root
        self.paths = sorted(path for path in self._list() if os.path.isfile(os.path.join(root, path)))
        self._texts = {}

    def _list(self):
        listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=self.root,
                                capture_output=True, check=False)
        if listed.returncode == 0:
            return set(listed.stdout.decode().split("\0")) - {""}
        return {os.path.relpath(os.path.join(folder, name), self.root)
                for folder, _, names in os.walk(self.root) for name in names}

    def text(self, path):
        """The file as text; empty for one that is not UTF-8, which is data and no rule's business."""
        if path not in self._texts:
            with open(os.path.join(self.root, path), "rb") as file:
                content = file.read()
            try:
                self._texts[path] = content.decode("utf-8") if b"\0" not in content else ""
            except UnicodeDecodeError:
                self._texts[path] = ""
        return self._texts[path]

    def matching(self, *patterns):
        return [path for path in self.paths if any(fnmatch.fnmatch(path, pattern) for pattern in patterns)]

    def cpp(self):
        """The sources and headers of the product, generated ones left out."""
        return [path for path in self.paths
                if path.split("/")[0] in FOLDERS and path.endswith((".h", ".cpp")) and not is_generated(path)]

    def public_headers(self):
        return [path for path in self.paths if is_public_header(path)]


def is_generated(path):
    return "/generated/" in path


def is_public_header(path):
    return path.split("/")[0] in FOLDERS and path.endswith(".h") and "/src/" not in path


_LEXEME = re.compile(r'//[^\n]*|/\*.*?\*/|R"([^()\\ ]{0,16})\((?:.*?)\)\1"|"(?:\\.|[^"\\\n])*"|'
                     r"(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'", re.DOTALL)


def code_only(text):
    """C++ text with comments and the insides of literals blanked; every line keeps its number. An #include keeps its name."""
    def blank(match):
        lexeme = match.group(0)
        if lexeme.startswith('"') and re.search(r"#\s*include\s*$", text[max(0, match.start() - 20):match.start()]):
            return lexeme
        return re.sub(r"[^\n]", " ", lexeme) if lexeme[0] == "/" else '""' + "\n" * lexeme.count("\n")
    return _LEXEME.sub(blank, text)


class Exemptions:
    """Lines of exempt.txt: `rule place reason...`; a place is a path, or path:function. One that exempts nothing is a fault."""

    def __init__(self, text):
        self._rows = {}
        self._faults = []
        self._used = set()
        for number, line in enumerate(text.splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            words = line.split(None, 2)
            if len(words) < 3:
                self._faults.append(Fault("exemption", "tests/house/exempt.txt", number, "wants: rule place reason"))
            else:
                self._rows[words[0], words[1]] = number

    def covers(self, rule, place):
        self._used.add((rule, place))
        return (rule, place) in self._rows

    def faults(self):
        stale = [Fault("exemption", "tests/house/exempt.txt", number, f"{rule} {place}: nothing to exempt any more")
                 for (rule, place), number in self._rows.items() if (rule, place) not in self._used]
        return self._faults + stale
