# SPDX-License-Identifier: Apache-2.0
"""The checkout keeps the house rules, and each rule is shown to catch what it is there for."""
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import check  # noqa: E402
import documents  # noqa: E402
import examples  # noqa: E402
import headers  # noqa: E402
import layers  # noqa: E402
import limits  # noqa: E402
import words  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SPDX = "// SPDX-License-Identifier: Apache-2.0\n"


class Checkout(unittest.TestCase):
    def test_keeps_every_rule(self):
        faults = check.check_checkout(ROOT)
        if faults:
            self.fail("\n" + "\n".join(map(str, faults)))


class Rules(unittest.TestCase):
    def faults(self, rule, files, exempt=""):
        """What one rule, or a list of them, says about a checkout of these files."""
        with tempfile.TemporaryDirectory() as root:
            for path, text in files.items():
                os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
                with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                    file.write(text)
            return check.faults_of(root, rule if isinstance(rule, tuple) else (rule,), exempt)

    def assert_one(self, rule, path, text, words_in_message):
        found = self.faults(rule, {path: text})
        self.assertEqual(len(found), 1, found)
        self.assertIn(words_in_message, str(found[0]))
        self.assertTrue(str(found[0]).startswith(path), found[0])

    def assert_none(self, rule, path, text):
        self.assertEqual(self.faults(rule, {path: text}), [])

    def test_layers(self):
        forbidden = [("meters/base/text.h", "meters/labels.h"), ("meters/labels.h", "traces/span.h"),
                     ("meters/labels.h", "wire/url.h"), ("traces/span.h", "wire/url.h"), ("wire/url.h", "exporters/destination.h"),
                     ("exporters/destination.h", "rules/alert.h"), ("rules/alert.h", "exporters/destination.h"),
                     ("rules/alert.h", "wire/url.h"), ("exporters/destination.h", "agent/config.h"),
                     ("agent/src/app.cpp", "wire/src/table.h"), ("agent/app.h", "agent/src/table.h"),
                     ("meters/src/labels.cpp", "labels.h"), ("agent/src/app.cpp", "tests/wire/samples.h")]
        for path, name in forbidden:
            with self.subTest(path=path, name=name):
                self.assert_one(layers.check_layers, path, f'{SPDX}#include "{name}"\n', name)
        allowed = [("meters/labels.h", "meters/base/text.h"), ("meters/base/src/text.cpp", "meters/base/text.h"),
                   ("traces/span.h", "meters/labels.h"), ("wire/src/url.cpp", "traces/span.h"),
                   ("exporters/src/otlp.cpp", "wire/url.h"), ("exporters/src/otlp.cpp", "exporters/src/table.h"),
                   ("rules/promql/parse.h", "meters/labels.h"), ("agent/src/app.cpp", "rules/alert.h"),
                   ("tests/wire/url_test.cpp", "wire/src/table.h")]
        for path, name in allowed:
            with self.subTest(path=path, name=name):
                self.assert_none(layers.check_layers, path, f'{SPDX}#include "{name}"\n')

    def test_an_include_in_a_comment_is_none(self):
        self.assert_none(layers.check_layers, "meters/a.h", f'{SPDX}// #include "wire/url.h"\n/*\n#include "wire/url.h"\n*/\n')

    def test_third_party(self):
        self.assert_one(layers.check_third_party, "wire/url.h", "#include <curl/curl.h>\n", "public header")
        self.assert_one(layers.check_third_party, "meters/src/a.cpp", "#include <zlib.h>\n", "standard library alone")
        self.assert_one(layers.check_third_party, "meters/a.h", "#include <newlib.hpp>\n", "newlib.hpp")
        self.assert_none(layers.check_third_party, "wire/src/a.cpp", "#include <zlib.h>\n#include <zstd.h>\n")
        self.assert_none(layers.check_third_party, "meters/src/a.cpp",
                         "#include <atomic>\n#include <cstdint>\n#include <sys/mman.h>\n#include <unistd.h>\n")
        twice = {"wire/src/a.cpp": "#include <zlib.h>\n", "exporters/src/b.cpp": "#include <zconf.h>\n"}
        found = self.faults(layers.check_third_party, twice)
        self.assertEqual(len(found), 1)
        self.assertIn("already wrapped by exporters/src/b.cpp", str(found[0]))
        self.assertEqual(self.faults(layers.check_third_party, twice, "third-party wire/src/a.cpp two ways of one library"), [])

    def test_size(self):
        lines = "int a;\n"
        self.assert_one(limits.check_size, "meters/a.h", lines * 201, "201 lines")
        self.assert_one(limits.check_size, "meters/src/a.cpp", lines * 401, "401 lines")
        self.assert_one(limits.check_size, "tests/wire/a_test.cpp", lines * 401, "401 lines")
        for path in ("meters/src/a.h", "meters/src/a.cpp", "meters/generated/a.h", "docs/long.md"):
            self.assert_none(limits.check_size, path, lines * 400)

    def test_function_length(self):
        body = "  run();\n"
        long = f"void Type::walk(int a = 1) const noexcept {{\n{body * 60}}}\n"
        self.assert_one(limits.check_functions, "meters/src/a.cpp", f"namespace a {{\n{long}}}\n", "walk has 62 lines")
        self.assert_one(limits.check_functions, "meters/a.h", f"class A final : public B {{\n{long}}};\n", "walk has 62 lines")
        self.assert_one(limits.check_functions, "meters/src/a.cpp", f"A::A(int b) : b_{{b}}, c_(b) {{\n{body * 60}}}\n", "A has 62")
        self.assert_one(limits.check_functions, "meters/src/a.cpp", f"template <class T>\nauto f(T t) -> int {{\n{body * 60}}}\n", "f has")
        self.assert_one(limits.check_functions, "tests/a_test.cpp", f"TEST(Suite, Case) {{\n{body * 60}}}\n", "Suite.Case has 62")
        self.assert_none(limits.check_functions, "meters/src/a.cpp", f"void f() {{\n{body * 58}}}\nvoid g() {{\n{body * 58}}}\n")
        self.assert_none(limits.check_functions, "meters/src/a.cpp", f"void f() {{\n{body * 58}}}  // {{ {{\nconst char* a = \"{{\";\n")
        cases = "".join(f"    case {number}: return {number};\n" for number in range(80))
        self.assert_none(limits.check_functions, "meters/src/a.cpp", f"int f(int a) {{\n  switch (a) {{\n{cases}  }}\n}}\n")
        blocks = "".join(f"    case {number}:\n      run();\n      run();\n      run();\n      break;\n" for number in range(20))
        self.assert_none(limits.check_functions, "meters/src/a.cpp", f"int f(int a) {{\n  switch (a) {{\n{blocks}  }}\n}}\n")
        self.assert_one(limits.check_functions, "meters/src/a.cpp",
                        f"int f(int a) {{\n  switch (a) {{\n{blocks}  }}\n{body * 20}}}\n", "f has")
        rows = "".join(f'  {{"a", {number}}},\n' for number in range(80))
        self.assert_none(limits.check_functions, "meters/src/a.cpp", f"constexpr Row kRows[] = {{\n{rows}}};\n")

    def test_preprocessor(self):
        self.assert_one(limits.check_functions, "meters/src/a.cpp", "int f() {\n#if A\n  return 1;\n}\n", "#if inside f")
        self.assert_none(limits.check_functions, "meters/src/a.cpp", "#if A\nint f() {\n  return 1;\n}\n#endif\n")
        self.assert_one(limits.check_macros, "meters/src/a.cpp", "#define LIMIT 3\n", "no macros")

    def test_words(self):
        self.assert_one(words.check_spdx, "meters/a.h", "#pragma once\n", "SPDX")
        self.assert_none(words.check_spdx, "meters/a.h", SPDX)
        self.assert_none(words.check_spdx, "tests/a.py", "#!/usr/bin/env python3\n# SPDX-License-Identifier: Apache-2.0\n")
        for path in ("meters/util.h", "wire/src/http_helper.cpp", "agent/manager/a.h", "meters/src/counter_impl.h"):
            self.assert_one(words.check_names, path, SPDX, "names no concept")
        self.assert_none(words.check_names, "wire/src/utility_bill.cpp", SPDX)
        self.assert_one(words.check_names, "wire/src/HttpServer.cpp", SPDX, "snake_case")
        for text in ("cd /" + "root/a", "see '/" + "work/main/x'", "open(\"/" + "home/ann/b\")", "proxy." + "golang.org"):
            self.assert_one(words.check_machine, "docs/a.md", f"first\n{text}\n", "one machine")
        self.assert_none(words.check_machine, "docs/a.md", "$root/" + "work/a https://example.com/home/of/a ${x}/" + "work/ /var/lib/\n")
        for text in ("// ----------------", "// ==== Section ====", "/*********", "# ######", "// ───── parts"):
            self.assert_one(words.check_banners, "meters/a.h", f"{SPDX}{text}\n", "banner")
        self.assert_none(words.check_banners, "meters/a.h", f"{SPDX}// a - b -- c\n#pragma once\nint a = b --- c;\n")
        for text in ("std::this_thread::sleep_for(1s);", "std::thread t{f};", "thread.detach();", "usleep(5);"):
            self.assert_one(words.check_waits, "agent/src/a.cpp", text + "\n", ":1:")
        self.assert_none(words.check_waits, "agent/src/a.cpp", "std::thread::id a;  // sleep_for\nstd::jthread b{f};\n")

    def test_documents(self):
        readme = {"wire/README.md": "`url.h` and `src/walk.cpp`, see [x](../docs/x.md) or https://a.b/c.md\n",
                  "wire/url.h": "", "wire/src/walk.cpp": "", "docs/x.md": ""}
        rules = (documents.check_named_files, documents.check_headers_named)
        self.assertEqual(self.faults(rules, readme), [])
        for gone, said in (("wire/url.h", "names url.h"), ("wire/src/walk.cpp", "names src/walk.cpp"), ("docs/x.md", "docs/x.md")):
            rest = {path: text for path, text in readme.items() if path != gone}
            found = self.faults(rules, rest)
            self.assertEqual(len(found), 1, gone)
            self.assertIn(said, str(found[0]))
        self.assertIn("does not name new.h", str(self.faults(rules, {**readme, "wire/new.h": ""})[0]))
        self.assertIn("does not name rl.h", str(self.faults(rules, {**readme, "wire/rl.h": ""})[0]))
        self.assertIn("no README.md", str(self.faults(rules, {"rules/a.h": ""})[0]))
        self.assertEqual(self.faults(rules, {"meters/README.md": "`base/text.h`", "meters/base/text.h": ""}), [])

    def test_lint_reasons(self):
        good = "# -a-b   because\nChecks: >\n  -*,\n  x-*,\n  -a-b\n"
        self.assert_none(documents.check_lint_reasons, ".clang-tidy", good)
        self.assert_one(documents.check_lint_reasons, ".clang-tidy", good.replace("because", ""), "-a-b is left out")

    def test_examples(self):
        header = (f"{SPDX}// Box: one thing.\n//\n//   // why\n//   Box box(\"//\");   // made\n//   if (box) ...\n"
                  "//   box.each([](int a) { ... });\n//\n//   box.close();\n//\n// Threads: one.\n#pragma once\n//   other\n")
        used = ('void box_example() {\n  Box  box("//");\n  // here\n  if (box) {\n    run();\n  }\n'
                "  box.each([](int a) { use(a); });\n  more();\n  box.close();\n}\n")

        def faults(text, place="tests/examples/box_examples.cpp"):
            return self.faults(examples.check_examples, {"wire/box.h": header, place: text})
        self.assertEqual(faults(used), [])
        for line, place in (('  Box  box("//");', 5), ("  if (box) {", 6), ("  box.each([](int a) { use(a); });", 7), ("  box.close();", 9)):
            for other in ("", "  other();"):
                found = faults(used.replace(line, other))
                self.assertEqual([(fault.path, fault.line) for fault in found], [("wire/box.h", place)])
        self.assertIn("box.close();", str(faults(used.replace("close", "shut"))[0]))
        self.assertEqual(len(faults(used.replace("// here", "here();"))), 1)
        self.assertEqual(len(faults(used, "tests/wire/box_test.cpp")), 1)
        self.assert_none(examples.check_examples, "wire/box.h", f"{SPDX}// Box: one thing. Threads: one.\n#pragma once\n")
        self.assert_none(examples.check_examples, "wire/src/box.h", header)

    def test_headers_compile_alone(self):
        self.assert_one(headers.check_headers, "wire/a.h", "#pragma once\ninline std::string a() { return {}; }\n", "compile alone")
        self.assert_none(headers.check_headers, "wire/a.h", "#pragma once\n#include <string>\ninline std::string a() { return {}; }\n")

    def test_header_answers_follow_what_is_included(self):
        with tempfile.TemporaryDirectory() as root:
            os.makedirs(os.path.join(root, "wire"))
            for name, text in (("a.h", '#include "wire/b.h"\ninline B a;\n'), ("b.h", "struct B {};\n")):
                with open(os.path.join(root, "wire", name), "w", encoding="utf-8") as file:
                    file.write("#pragma once\n" + text)
            cache = os.path.join(root, "build", "house")
            rules = (headers.check_headers,)
            self.assertEqual(check.faults_of(root, rules, cache=cache), [])
            with open(os.path.join(root, "wire", "b.h"), "w", encoding="utf-8") as file:
                file.write("#pragma once\nstruct C {};\n")
            self.assertEqual(len(check.faults_of(root, rules, cache=cache)), 1)

    def test_a_stale_exemption_is_a_fault(self):
        found = self.faults(check.RULES, {"docs/a.md": ""}, "size docs/a.md no longer long\nsize docs/b.md\n")
        self.assertEqual([fault.rule for fault in found], ["exemption", "exemption"], found)


if __name__ == "__main__":
    unittest.main()
