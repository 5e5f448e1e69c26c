import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { build, type InlineConfig } from "vite";

const here = import.meta.dirname;
const out = join(here, "..", "dist", "dashboard");
// Beside it, so that it can take its place by a rename: whoever serves meanwhile finds one or the other, whole.
const fresh = `${out}-${process.pid}`;

const common: InlineConfig = {
  root: here,
  configFile: false,
  logLevel: "warn",
  // Relative, so that a proxy may serve it below a path.
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
};

/** What is bundled, and under which license. */
const BUNDLED = ["preact", "chart.js", "@kurkle/color", "chartjs-chart-matrix", "@fontsource-variable/inter"];

await buildAll();

async function buildAll(): Promise<void> {
  await build({
    ...common,
    build: {
      outDir: fresh,
      emptyOutDir: true,
      target: "es2022",
      // Nothing inline: the pages' policy lets nothing inline through.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: [join(here, "index.html"), join(here, "demo.html")] },
    },
  });
  await build({
    ...common,
    build: {
      outDir: fresh,
      emptyOutDir: false,
      target: "es2020",
      lib: { entry: join(here, "widget", "widget.ts"), formats: ["iife"], name: "_", fileName: () => "widget.js" },
    },
  });
  await writeFile(join(fresh, "licenses.txt"), await licenses());
  await compressAll(fresh);
  await rm(out, { recursive: true, force: true });
  await rename(fresh, out);
}

async function licenses(): Promise<string> {
  const modules = join(here, "..", "node_modules");
  const texts = BUNDLED.map(async (name) => {
    const file = ["LICENSE", "LICENSE.md"].map((each) => join(modules, name, each)).find(existsSync);
    return `${name}\n\n${file === undefined ? "" : await readFile(file, "utf8")}`;
  });
  return (await Promise.all(texts)).join(`\n\n${"-".repeat(72)}\n\n`);
}

async function compressAll(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder, { recursive: true })) {
    const file = join(folder, name);
    // A font is compressed already.
    if (/\.(woff2|png)$/.test(name) || (await stat(file)).isDirectory()) continue;
    const bytes = await readFile(file);
    await writeFile(`${file}.gz`, await promisify(gzip)(bytes, { level: 9 }));
    await writeFile(
      `${file}.br`,
      await promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
    );
  }
}
