// Build the one browser module into the Python package: `node build.mjs [FOLDER]`.
//
// The file name holds a hash of the content, because browsers cache it for good. The same sources and lock file give
// the same bytes on every machine.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
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
  metafile: true,
  logLevel: "warning",
});
if (result.warnings.length > 0) process.exit(1); // a missing export is only a warning to esbuild
const code = result.outputFiles[0].contents;
const hash = createHash("sha256").update(code).digest("hex").slice(0, 12);

await mkdir(folder, { recursive: true });
for (const name of await readdir(folder)) if (/^editor-.*\.js$/.test(name)) await rm(join(folder, name));
await writeFile(join(folder, `editor-${hash}.js`), code);
await writeFile(join(folder, "THIRD_PARTY_LICENSES.txt"), await licenses(result.metafile));
console.log(`editor-${hash}.js  ${(code.length / 1000).toFixed(0)} kB`);

/** The licences of every package of which something is in the module. */
async function licenses({ outputs }) {
  const inputs = Object.values(outputs).flatMap((output) =>
    Object.entries(output.inputs).filter(([, { bytesInOutput }]) => bytesInOutput > 0),
  );
  const found = inputs.map(([path]) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]).filter(Boolean);
  const packages = await Promise.all([...new Set(found)].sort().map(readLicense));
  return `The browser module holds parts of these packages.\n\n${packages.join("\n")}`;
}

async function readLicense(name) {
  const root = join(here, "node_modules", name);
  const { version, license } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  const file = (await readdir(root)).find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? (await readFile(join(root, file), "utf8")).replaceAll("\r\n", "\n").trim() : "";
  return `${"=".repeat(80)}\n${name} ${version} (${license})\n\n${text}\n`;
}
