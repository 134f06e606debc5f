// Runs a language server and writes down what passes, a JSON line a message: node tap.mjs FILE COMMAND ARGS...
import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";

const [file, command, ...args] = process.argv.slice(2);
const server = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });

const record = (from, message) => appendFileSync(file, JSON.stringify({ from, at: Date.now(), message }) + "\n");

/** Writes down the whole messages in a stream of bytes, which come in pieces of any size. */
function recorder(from) {
  let bytes = Buffer.alloc(0);
  return (piece) => {
    bytes = Buffer.concat([bytes, piece]);
    for (;;) {
      const end = bytes.indexOf("\r\n\r\n");
      const length = end < 0 ? undefined : /content-length: *(\d+)/i.exec(bytes.subarray(0, end).toString())?.[1];
      if (length === undefined || bytes.length < end + 4 + Number(length)) return;
      record(from, JSON.parse(bytes.subarray(end + 4, end + 4 + Number(length)).toString()));
      bytes = bytes.subarray(end + 4 + Number(length));
    }
  };
}

record("tap", { pid: server.pid });
process.stdin.on("data", recorder("client")).pipe(server.stdin);
server.stdout.on("data", recorder("server")).pipe(process.stdout);
server.on("error", (error) => {
  console.error(`tap: ${command}: ${error.message}`);
  process.exit(127);
});
server.on("exit", (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => server.kill(signal));
