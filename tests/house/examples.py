# SPDX-License-Identifier: Apache-2.0
"""The example in a public header's first comment stands in tests/examples, where it is compiled."""
import re

from tree import Fault, is_generated

_EXAMPLE = re.compile(r"//   +(\S.*)")
_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//.*')


def code_of(line):
    """A line of C++ as it is compared: without its last comment, white space as single spaces."""
    return " ".join(_COMMENT.sub(lambda match: match.group(1) or "", line).split())


def example_lines(text):
    """(line, code, whether other code may stand before it) of each line of the example in a header's first comment."""
    apart = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("//"):
            return
        match = _EXAMPLE.match(line)
        code = code_of(match.group(1)) if match else "..."
        if code == "...":
            apart = True
        elif code:
            yield number, code, apart
            apart = code.endswith("...")


def pattern_of(example):
    """These lines one after another; `...` is any text, and at the end of a line any lines too."""
    parts = []
    for _, code, apart in example:
        parts.append(r"\n(?:.*\n)*?" if apart and parts else r"\n")
        parts.append(".*".join(map(re.escape, code.split("..."))))
    return re.compile("".join(parts) + r"\n")


def check_examples(tree, exemptions):
    compiled = []
    for path in tree.matching("tests/examples/*.cpp"):
        lines = map(code_of, tree.text(path).splitlines())
        compiled.append("\n" + "\n".join(line for line in lines if line) + "\n")
    for header in tree.public_headers():
        if is_generated(header):
            continue
        example = list(example_lines(tree.text(header)))
        for count, (line, code, _) in enumerate(example, 1):
            pattern = pattern_of(example[:count])
            if not any(pattern.search(text) for text in compiled):
                if not exemptions.covers("example", header):
                    yield Fault("example", header, line, f"no file of tests/examples goes on with `{code}`")
                break
