// SPDX-License-Identifier: Apache-2.0
// run.mjs RESULT.xml: the unit tests of the page's TypeScript, by Node's own runner; results in JUnit's form.
import {spawnSync} from "node:child_process";
import {mkdirSync, readdirSync} from "node:fs";
import {dirname, join} from "node:path";
import {fileURLToPath} from "node:url";
import {build} from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const result = process.argv[2] ?? join(here, "../../../build/results/page.xml");
const out = join(here, "../../../build/web-test");
mkdirSync(dirname(result), {recursive: true});
const tests = readdirSync(here).filter((name) => name.endsWith(".test.ts"));
await build({
  entryPoints: tests.map((name) => join(here, name)), outdir: out, outExtension: {".js": ".mjs"}, bundle: true, format: "esm",
  platform: "node", target: "node18", jsx: "automatic", jsxImportSource: "preact", sourcemap: "inline", logLevel: "warning",
});
const {status} = spawnSync(process.execPath, [
  "--enable-source-maps", "--test", "--test-reporter=spec", "--test-reporter-destination=stdout",
  `--test-reporter=${join(here, "junit.mjs")}`, `--test-reporter-destination=${result}`,
  ...tests.map((name) => join(out, name.replace(/\.ts$/, ".mjs"))),
], {stdio: "inherit", env: {...process.env, TZ: "Europe/Berlin", REPOSITORY: join(here, "../../..")}});
process.exit(status ?? 1);
