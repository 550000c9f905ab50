# SPDX-License-Identifier: Apache-2.0
"""How long a header, a source and a function may be, and what may not stand inside one."""
import re

from tree import Fault, code_only, is_generated, is_public_header

PUBLIC_HEADER = 200
SOURCE = 400
FUNCTION = 60


def check_size(tree, exemptions):
    own = set(tree.cpp())
    for path in tree.paths:
        if path not in own and not (path.startswith("tests/") and path.endswith((".cpp", ".h", ".py"))):
            continue
        if is_generated(path):
            continue
        limit = PUBLIC_HEADER if is_public_header(path) else SOURCE
        lines = tree.text(path).count("\n")
        if lines > limit and not exemptions.covers("size", path):
            yield Fault("size", path, 0, f"{lines} lines, {limit} allowed: there is a second concept in it")


_TYPE = re.compile(r"\b(class|struct|union|enum)\b")
_NAME = re.compile(r"([~\w:]+|operator\s*\S+)\s*$")


def functions(text):
    """(name, first line, last line) of each function body that is not inside another. By braces: a block opened where
    only declarations stand, after something with parentheses, is a body. Preprocessor lines are left out."""
    code = re.sub(r"^[ \t]*#.*?(?<!\\)$", "", code_only(text), flags=re.MULTILINE)
    blocks = []      # kind of each open block: "scope" (namespace, type), "body", or "other"
    head = 0         # where the current declaration starts
    depth = 0        # of parentheses: a brace inside them (a default argument, a lambda) opens no declaration
    line = 1
    for at, char in enumerate(code):
        if char == "\n":
            line += 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        elif char == "{":
            kind = "other"
            if depth == 0 and all(block[0] == "scope" for block in blocks):
                kind = _kind(code[head:at], code, at)
            blocks.append((kind, _name(code[head:at]) if kind == "body" else "", line))
            if kind == "scope":
                head = at + 1
        elif char == "}":
            if not blocks:
                return
            kind, name, first = blocks.pop()
            if kind == "body":
                yield name, first, line
            if kind != "other":
                head = at + 1
        elif char == ";" and depth == 0 and all(block[0] == "scope" for block in blocks):
            head = at + 1


def _kind(declaration, code, at):
    """What a brace at `at` opens, by the declaration before it."""
    before = re.sub(r"template\s*<[^{};]*?>\s*(?=class|struct|[\w:])", "", declaration)
    if re.search(r"\bnamespace\b|\bextern\b\s*\"\"\s*$", before):
        return "scope"
    if "(" not in before:
        return "scope" if _TYPE.search(before) else "other"
    # Default arguments hold `=`, and a lambda of a constant is told by the one that is left.
    outside = before
    while re.search(r"\([^()]*\)", outside):
        outside = re.sub(r"\([^()]*\)", "~~", outside)
    if re.search(r"(?<![=!<>])=(?!=)", outside) and "operator" not in before:
        return "other"
    # `: member_{1}, other_(2) {`: a brace right after a name in an initializer list opens a value, not the body.
    if re.search(r"\)\s*(noexcept\s*)?:(?!:)", before) and re.search(r"[\w>]\s*$", before):
        return "other"
    if re.search(r"^\s*(class|struct|union)\b[^()]*(\([^()]*\)[^()]*)?$", before) and not re.search(r"\)\s*\w*\s*$", before):
        return "scope"
    return "body"


def _name(declaration):
    match = _NAME.search(declaration[:declaration.find("(")])
    name = match.group(1).split("::")[-1] if match else "?"
    if name.startswith("TEST"):
        arguments = declaration[declaration.find("(") + 1:].split(")")[0]
        return ".".join(part.strip() for part in arguments.split(","))
    return name


_ROW = re.compile(r"\s*(case\b|default:|\{.*\},?$)")
LONGEST_CASE = 12


def is_flat(lines):
    """A switch or a table: at least a third of its lines are cases or rows, or it is one switch of short cases."""
    rows = [number for number, line in enumerate(lines) if _ROW.match(line)]
    if len(rows) * 3 >= len(lines):
        return True
    if sum(1 for line in lines if re.search(r"\bswitch \(", line)) != 1:
        return False
    gaps = [after - before for before, after in zip(rows, rows[1:])]
    return len(rows) >= 5 and max(gaps) <= LONGEST_CASE and len(lines) - (rows[-1] - rows[0]) <= 20


def check_functions(tree, exemptions):
    for path in tree.matching("*.cpp", "*.h"):
        if is_generated(path) or "/peers/" in path:
            continue
        lines = tree.text(path).splitlines()
        for name, first, last in functions(tree.text(path)):
            body = lines[first - 1:last]
            if len(body) > FUNCTION and not is_flat(body) and not exemptions.covers("function", f"{path}:{name}"):
                yield Fault("function", path, first, f"{name} has {len(body)} lines, {FUNCTION} allowed")
            for offset, line in enumerate(body):
                if re.match(r"\s*#\s*(if|ifdef|ifndef|else|elif)\b", line) and \
                        not exemptions.covers("preprocessor", f"{path}:{name}"):
                    yield Fault("preprocessor", path, first + offset, f"#if inside {name}: make it two files or two functions")


def check_macros(tree, exemptions):
    for path in tree.cpp():
        for number, line in enumerate(code_only(tree.text(path)).splitlines(), 1):
            if re.match(r"\s*#\s*define\b", line) and not exemptions.covers("macro", path):
                yield Fault("macro", path, number, "no macros: a constant, a function or a template")
