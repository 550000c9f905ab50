// SPDX-License-Identifier: Apache-2.0
// A reporter of Node's test runner that writes JUnit's form: Node.js 18 has none of its own.
const escaped = (text) => String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/"/g, "&quot;").replace(/[^\t\n\x20-\uffff]/g, "");

export default async function* junit(source) {
  yield "<testsuites><testsuite name=\"page\">\n";
  for await (const {type, data} of source) {
    if (type !== "test:pass" && type !== "test:fail") continue;
    if (data.details?.type === "suite" || data.name.endsWith(".mjs")) continue;  // a file of tests is no test
    const cause = data.details?.error?.cause ?? data.details?.error;
    const body = type === "test:fail" ? `<failure message="${escaped(cause?.message ?? cause)}">${escaped(cause?.stack ?? "")}</failure>`
      : data.skip ? "<skipped/>" : "";
    yield `<testcase name="${escaped(data.name)}" time="${(data.details?.duration_ms ?? 0) / 1000}">${body}</testcase>\n`;
  }
  yield "</testsuite></testsuites>\n";
}
