// Bundles the extension, or with "test" its unit tests, each into one file that node runs.
import { build } from "esbuild";
import { readdirSync } from "node:fs";

const shared = { bundle: true, platform: "node", format: "cjs", target: "node20", logLevel: "warning" };

if (process.argv[2] === "test") {
  const tests = readdirSync("test").map((name) => `test/${name}`);
  await build({ ...shared, entryPoints: tests, outdir: "dist/test" });
} else {
  await build({
    ...shared,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    external: ["vscode"],
    minify: true,
  });
}
