# SPDX-License-Identifier: Apache-2.0
"""Which folder may include which, and that a third-party header stays in one private file."""
import re

from tree import FOLDERS, Fault, code_only

# Each folder, and what it may include besides itself.
BELOW = {
    "meters/base": (),
    "meters": ("meters/base",),
    "traces": ("meters", "meters/base"),
    "wire": ("traces", "meters", "meters/base"),
    "exporters": ("wire", "traces", "meters", "meters/base"),
    "rules": ("meters", "meters/base"),
    "agent": ("rules", "exporters", "wire", "traces", "meters", "meters/base"),
}

# What a service links without a package: no third-party header at all.
STANDARD_ONLY = ("meters", "meters/base", "traces")

# By the first matching pattern; a header of no library and no list of the system's is named after itself.
LIBRARIES = [(re.compile(pattern), library) for pattern, library in (
    (r"civetweb\.h|CivetServer\.h", "civetweb"), (r"toml(\.hpp|/)", "toml11"), (r"yaml-cpp/", "yaml-cpp"),
    (r"grpcpp?/", "grpc++"), (r"google/(protobuf|rpc)/", "protobuf"), (r"absl/", "abseil"), (r"protozero/", "protozero"),
    (r"re2/", "re2"), (r"curl/", "libcurl"), (r"libdeflate\.h", "libdeflate"), (r"zstd", "libzstd"), (r"snappy", "snappy"),
    (r"zlib\.h|zconf\.h", "zlib"), (r"openssl/", "openssl"), (r"sqlite3", "sqlite"), (r"systemd/", "libsystemd"),
    (r"prometheus/", "prometheus-cpp"), (r"nlohmann/|rapidjson/|simdjson|fmt/|spdlog/|boost/|gtest/|gmock/", "another"),
)]

# The system's: C and C++ standard headers have no extension or are C's own; then POSIX and Linux.
SYSTEM = re.compile(r"[a-z_0-9]+$|(assert|ctype|errno|fenv|float|inttypes|limits|locale|math|setjmp|signal|stdarg|stddef|"
                    r"stdint|stdio|stdlib|string|time|wchar|wctype|unistd|fcntl|poll|pthread|sched|semaphore|dirent|dlfcn|"
                    r"elf|endian|byteswap|ftw|getopt|glob|grp|ifaddrs|libgen|link|malloc|mntent|netdb|pwd|resolv|spawn|"
                    r"strings|syslog|termios|ucontext|utime|cpuid|immintrin|x86intrin|execinfo|cxxabi)\.h$|"
                    r"(sys|net|netinet|arpa|linux|asm|bits|experimental)/")

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^">]+)[">]', re.MULTILINE)


def includes(text):
    """(line, quoted, name) of each #include."""
    code = code_only(text)
    for match in _INCLUDE.finditer(code):
        yield code.count("\n", 0, match.start(2)) + 1, match.group(1) == '"', match.group(2)


def layer_of(path):
    """meters/base, or the first folder; None outside the product."""
    if path.startswith("meters/base/"):
        return "meters/base"
    first = path.split("/")[0]
    return first if first in FOLDERS else None


def check_layers(tree, exemptions):
    for path in tree.cpp():
        own = layer_of(path)
        for line, quoted, name in includes(tree.text(path)):
            if not quoted:
                continue
            theirs = layer_of(name)
            if theirs is None or "/" not in name:
                message = f'"{name}" is not a repository path of the product'
            elif theirs != own and theirs not in BELOW[own]:
                message = f'{own} may not include "{name}"'
            elif "/src/" in name and name.split("/")[0] != path.split("/")[0]:
                message = f'"{name}" is private to {name.split("/src/")[0]}'
            elif "/src/" in name and "/src/" not in path:
                message = f'a public header includes the private "{name}"'
            else:
                continue
            if not exemptions.covers("layer", path):
                yield Fault("layer", path, line, message)


def library_of(name):
    """The third-party library that a <header> belongs to; None for the system's own."""
    for pattern, library in LIBRARIES:
        if pattern.match(name):
            return library
    return None if SYSTEM.match(name) else name


def check_third_party(tree, exemptions):
    users = {}
    for path in tree.cpp():
        for line, quoted, name in includes(tree.text(path)):
            library = None if quoted else library_of(name)
            if library is None:
                continue
            if layer_of(path) in STANDARD_ONLY:
                message = f"<{name}>: {layer_of(path)} stands on the standard library alone"
            elif "/src/" not in path:
                message = f"<{name}> in a public header: put {library} behind a type of ours"
            else:
                users.setdefault(library, {}).setdefault(path, line)
                continue
            if not exemptions.covers("third-party", path):
                yield Fault("third-party", path, line, message)
    for library, places in users.items():
        counted = [path for path in sorted(places) if not exemptions.covers("third-party", path)]
        for path in counted[1:]:
            yield Fault("third-party", path, places[path], f"{library} is already wrapped by {counted[0]}; one file only")
