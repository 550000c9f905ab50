// SPDX-License-Identifier: Apache-2.0
// Builds the page into OUT (default build/web of the repository): index.html, page.css, page.js, and what page.js fetches when it
// is wanted: explore.js (the query box), chunk.js (what both share). No other host is asked for anything at run time.
import {copyFileSync, mkdirSync} from "node:fs";
import {basename, dirname, join} from "node:path";
import {fileURLToPath} from "node:url";
import {build} from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv[2] ?? join(here, "../../build/web");
mkdirSync(out, {recursive: true});
const {metafile} = await build({
  entryPoints: {page: join(here, "src/main.tsx")},
  outdir: out, bundle: true, minify: true, format: "esm", splitting: true, entryNames: "[name]", chunkNames: "[name]", metafile: true, target: "es2022", legalComments: "none",
  jsx: "automatic", jsxImportSource: "preact", logLevel: "warning",
});
// The program embeds these by name (cmake/tocsin_page.cmake).
const made = Object.keys(metafile.outputs).map((path) => basename(path)).sort().join(" ");
if (made !== "chunk.js explore.js page.css page.js") throw new Error(`the build made other files than the program embeds: ${made}`);
copyFileSync(join(here, "src/index.html"), join(out, "index.html"));
