/** What the status bar says. Pure: from a status to words. */

import { adapterInWords, code, duration, percent, plain } from "./words";

/** The server's own word, the notification `didChangeStatus`. */
export interface ServerStatus {
  readonly busy: boolean;
  readonly kind: "Normal" | "Error" | "Warning" | "Inactive";
  readonly message: string;
  readonly percentage?: number;
  readonly base?: string;
  readonly adapter?: string;
}

/** The server's counts, from the command `finetab.counts`. */
export interface Counts {
  readonly shown: number;
  readonly accepted: number;
}

export interface Status {
  readonly process: "starting" | "running" | "stopped" | "missing";
  /** Why suggestions are off, empty when they are on. */
  readonly off: string;
  /** None from a server that does not tell. */
  readonly server?: ServerStatus;
  readonly latencyMs?: number;
  readonly counts?: Counts;
}

export interface View {
  readonly text: string;
  /** Markdown. */
  readonly tooltip: string;
  readonly severity: "none" | "warning" | "error";
}

interface State {
  readonly icon: string;
  readonly label?: string;
  readonly words: string;
  readonly severity?: "warning" | "error";
}

export function view(status: Status): View {
  const state = stateOf(status);
  return {
    text: `$(${state.icon}) ${state.label ?? "finetab"}`,
    tooltip: [`**finetab**: ${state.words}`, ...details(status), "Click for what you can do."].join("\n\n"),
    severity: state.severity ?? "none",
  };
}

function stateOf(status: Status): State {
  switch (status.process) {
    case "missing":
      return { icon: "error", words: "not installed", severity: "error" };
    case "starting":
      return { icon: "loading~spin", words: "the server is starting" };
    case "stopped":
      return { icon: "error", words: "the server has stopped; the log says why", severity: "error" };
    case "running":
      return status.off ? { icon: "circle-slash", words: status.off } : told(status.server);
  }
}

function told(server: ServerStatus | undefined): State {
  const words = server === undefined ? "" : plain(server.message);
  switch (server?.kind) {
    case "Error":
      return { icon: "error", words: words || "an error; the log has the details", severity: "error" };
    case "Warning":
      return { icon: "warning", words: words || "a warning; the log has the details", severity: "warning" };
    case "Inactive":
      return server.busy ? loading(server, words) : { icon: "circle-slash", words: words || "off" };
    default:
      return server?.busy
        ? { icon: "loading~spin", words: "working on a suggestion" }
        : { icon: "sparkle", words: "ready" }; // the message names base and adapter, which have a line of their own
  }
}

function loading(server: ServerStatus, words: string): State {
  const label = server.percentage === undefined ? "finetab" : `finetab ${Math.round(server.percentage)}%`;
  return { icon: "loading~spin", label, words: words || "the model is loading" };
}

function details(status: Status): string[] {
  const lines: string[] = [];
  const { server, latencyMs, counts } = status;
  if (server?.base) {
    lines.push(`Base ${code(server.base)}, ${adapterInWords(server.adapter)}`);
  }
  if (latencyMs !== undefined) {
    lines.push(`Last suggestion after ${duration(latencyMs)}`);
  }
  if (counts !== undefined && counts.shown > 0) {
    lines.push(`Accepted ${counts.accepted} of ${counts.shown} shown (${percent(counts.accepted / counts.shown)})`);
  }
  return lines;
}
