# SPDX-License-Identifier: Apache-2.0
"""Every public header compiles by itself. Answers are kept by content, so that only what changed is compiled again."""
import concurrent.futures
import hashlib
import os
import re
import shutil
import subprocess

from tree import Fault, is_generated

COMMAND = ["g++", "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-I.", "-x", "c++", "-"]


def content_key(tree, header, seen=None):
    """A hash over the header and all of the repository that it includes, directly or not."""
    pending, seen = [header], set()
    digest = hashlib.sha256(" ".join(COMMAND).encode())
    while pending:
        path = pending.pop()
        if path in seen or path not in tree.paths:
            continue
        seen.add(path)
        digest.update(path.encode() + tree.text(path).encode())
        pending.extend(re.findall(r'^\s*#\s*include\s*"([^"]+)"', tree.text(path), re.MULTILINE))
    return digest.hexdigest()


def compile_alone(root, header):
    """The first lines of what the compiler says; empty when it is content."""
    source = f'#include "{header}"\n'
    done = subprocess.run(COMMAND, cwd=root, input=source, text=True, capture_output=True, timeout=120, check=False)
    return "" if done.returncode == 0 else "\n".join(done.stderr.splitlines()[:4]) or "the compiler failed"


def check_headers(tree, exemptions, cache=None):
    """cache: a folder for the answers; None keeps none."""
    if shutil.which("g++") is None:
        yield Fault("header", "", 0, "there is no g++ to compile the public headers with")
        return
    # Directory entries rather than one file: two runs may write at once.
    if cache:
        os.makedirs(cache, exist_ok=True)
    pending = []
    for header in tree.public_headers():
        key = content_key(tree, header)
        if not (cache and os.path.exists(os.path.join(cache, key))) and not is_generated(header):
            pending.append((header, key))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        answers = pool.map(lambda pair: compile_alone(tree.root, pair[0]), pending)
        for (header, key), answer in zip(pending, answers):
            if answer:
                if not exemptions.covers("header", header):
                    yield Fault("header", header, 0, "does not compile alone:\n    " + answer.replace("\n", "\n    "))
            elif cache:
                with open(os.path.join(cache, key), "w", encoding="utf-8") as file:
                    file.write(header + "\n")
