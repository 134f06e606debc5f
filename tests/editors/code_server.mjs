// A code-server of our own for one run: fresh folders, our extension, and the settings that the run is about.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

// Nothing but our suggestions is to come up while typing.
const QUIET = {
  "chat.disableAIFeatures": true,
  "editor.minimap.enabled": false,
  "editor.parameterHints.enabled": false,
  "editor.quickSuggestions": { other: "off", comments: "off", strings: "off" },
  "editor.wordBasedSuggestions": "off",
  "extensions.ignoreRecommendations": true,
  "security.workspace.trust.enabled": false,
  "telemetry.telemetryLevel": "off",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
};

/**
 * Start it on a copy of the sample workspace. `command` runs finetab, with the tap before it; without one the
 * extension has to look for it. With `isBare` it sees nothing of the user's: no home, no PATH but the system's.
 * `prepare` is given the workspace's folder. Gives the address, the workspace, the messages that have passed, and `stop`.
 */
export async function startCodeServer({ cache, vsix, command, settings = {}, isBare = false, prepare = () => {} }) {
  const home = mkdtempSync(join(tmpdir(), "finetab-editor-"));
  process.once("exit", () => rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 500 }));
  const workspace = join(home, "workspace");
  const wire = join(home, "wire.jsonl");
  cpSync(join(here, "workspace"), workspace, { recursive: true });
  prepare(workspace);
  const tapped = command && { "finetab.command": [process.execPath, join(here, "tap.mjs"), wire, ...command] };
  writeSettings(home, "User", { ...QUIET, ...settings });
  writeSettings(home, "Machine", { ...tapped }); // where a browser's editor looks for what depends on the machine
  const { file, args, options } = commandLine(cache, home, isBare);
  const installed = spawnSync(file, [...args, "--install-extension", vsix], { ...options, encoding: "utf8" });
  if (installed.status !== 0)
    throw new Error(`${vsix} could not be installed:\n${installed.stdout}${installed.stderr}`);
  const port = await freePort();
  const server = spawn(file, [...args, "--auth", "none", "--bind-addr", `127.0.0.1:${port}`, workspace], options);
  let output = "";
  for (const stream of [server.stdout, server.stderr]) stream.on("data", (piece) => (output += piece));
  await answering(`http://127.0.0.1:${port}/healthz`, server, () => output);
  return {
    address: `http://127.0.0.1:${port}/?folder=${encodeURIComponent(workspace)}`,
    workspace,
    wire: () =>
      existsSync(wire)
        ? readFileSync(wire, "utf8")
            .trimEnd()
            .split("\n")
            .map((line) => JSON.parse(line))
        : [],
    async stop() {
      const ended = new Promise((resolve) => server.once("exit", resolve));
      server.kill("SIGTERM");
      await ended;
    },
  };
}

/** How to run code-server with its own node and in folders of its own. */
function commandLine(cache, home, isBare) {
  const node = join(cache, "node/node_modules/node/bin/node");
  const entry = join(cache, "vscode/node_modules/code-server/out/node/entry.js");
  for (const file of [node, entry]) {
    if (!existsSync(file)) throw new Error(`${file} is not here; run tests/editors/setup.sh first`);
  }
  const own = ["--user-data-dir", join(home, "user"), "--extensions-dir", join(home, "extensions")];
  const quiet = ["--disable-telemetry", "--disable-update-check"];
  const surroundings = isBare ? { PATH: "/usr/bin:/bin", HOME: home, ...network() } : process.env;
  // Not the cache, which holds the models; statistics, requests and adapters of who runs this are not touched.
  const folders = ["CONFIG", "DATA", "STATE"].map((kind) => [`XDG_${kind}_HOME`, join(home, kind.toLowerCase())]);
  const options = { env: { ...surroundings, ...Object.fromEntries(folders) }, cwd: home };
  return { file: node, args: [entry, ...own, ...quiet], options };
}

/** How packages are got here, and which versions of them. */
function network() {
  const said = Object.entries(process.env).filter(([name]) => /^(PIP|SSL|REQUESTS)_|^https?_proxy$/i.test(name));
  return { ...Object.fromEntries(said), PIP_CONSTRAINT: join(here, "../../constraints.txt") };
}

function writeSettings(home, kind, settings) {
  const folder = join(home, "user", kind);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "settings.json"), JSON.stringify(settings, null, 2));
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().on("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

async function answering(url, server, output) {
  for (let tries = 0; tries < 120; tries++) {
    if (server.exitCode !== null) throw new Error(`code-server ended:\n${output()}`);
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`code-server did not answer within a minute:\n${output()}`);
}
