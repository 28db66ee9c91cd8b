// Build the one browser module into the Python package: `node build.mjs [FOLDER]`.
//
// The file name holds a hash of the content, because browsers cache it for good. The same sources and lock file give
// the same bytes on every machine.
import { createHash } from "node:crypto";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const folder = process.argv[2] ?? join(here, "..", "prompt_kernel", "live", "static");

const result = await build({
  entryPoints: [join(here, "src", "index.ts")],
  absWorkingDir: here,
  bundle: true,
  write: false,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
});
if (result.warnings.length > 0) process.exit(1); // a missing export is only a warning to esbuild
const code = result.outputFiles[0].contents;
const hash = createHash("sha256").update(code).digest("hex").slice(0, 12);

await mkdir(folder, { recursive: true });
for (const name of await readdir(folder)) if (/^editor-.*\.js$/.test(name)) await rm(join(folder, name));
await writeFile(join(folder, `editor-${hash}.js`), code);
console.log(`editor-${hash}.js  ${(code.length / 1000).toFixed(0)} kB`);
