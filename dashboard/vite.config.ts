import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const target = process.env.COUNTERSIGN_TARGET ?? "http://127.0.0.1:8000";
/** Where the server finds the built files. */
const output = join(import.meta.dirname, "../api/web/dashboard/static");

/** Writes each script and style sheet in its compressed forms, too, so that the server compresses nothing. */
function precompressed(): Plugin {
  return {
    name: "precompressed",
    apply: "build",
    async closeBundle() {
      const folder = join(output, "assets");
      for (const name of await readdir(folder)) {
        if (!/\.(js|css|svg)$/.test(name)) continue;
        const content = await readFile(join(folder, name));
        const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
        await writeFile(join(folder, `${name}.br`), await promisify(brotliCompress)(content, quality));
        await writeFile(join(folder, `${name}.gz`), await promisify(gzip)(content, { level: 9 }));
      }
    },
  };
}

export default defineConfig({
  // Relative, since the service may be served below a path; the page has a base element.
  base: "./",
  plugins: [react(), precompressed()],
  resolve: { alias: { "@": join(import.meta.dirname, "src") } },
  build: { outDir: output, emptyOutDir: true, assetsInlineLimit: 0, reportCompressedSize: false },
  server: {
    host: "127.0.0.1",
    port: 5173,
    proxy: Object.fromEntries(
      ["/graphql", "/sign-in", "/sign-out", "/downloads", "/decide"].map((path) => [
        path,
        { target, ws: true },
      ]),
    ),
  },
});
