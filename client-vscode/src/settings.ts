/** Which settings the server is told. Pure. */

/** Settings of the server, named as it knows them. The others of our section are the client's own. */
export const SERVER_SETTINGS = [
  "base",
  "adapter",
  "form",
  "device",
  "quantisation",
  "engine",
  "maxNewTokens",
  "contextTokens",
  "eagerness",
  "lookAhead",
  "statistics",
] as const;

export type Values = Readonly<Record<string, unknown>>;

/** The part of `vscode.WorkspaceConfiguration` that is needed here. */
export interface Configuration {
  get(key: string): unknown;
  inspect(key: string): { globalValue?: unknown; workspaceValue?: unknown; workspaceFolderValue?: unknown } | undefined;
}

/**
 * What the user has set. A setting left alone is not sent: the editor's go before those of `finetab.toml`, and a
 * default sent as if it were meant would hide them.
 */
export function chosenSettings(configuration: Configuration): Values {
  const chosen = SERVER_SETTINGS.filter((key) => {
    const found = configuration.inspect(key);
    return [found?.globalValue, found?.workspaceValue, found?.workspaceFolderValue].some(
      (value) => value !== undefined,
    );
  });
  return Object.fromEntries(chosen.map((key) => [key, configuration.get(key)]));
}

/**
 * What to do with the server when our section has changed. It asks for the settings of each folder anew, but those that
 * it was started with lie below them: when one of these is taken back, it must start anew.
 */
export function followUp(started: Values, now: Values): "ask" | "restart" {
  return Object.keys(started).some((key) => !(key in now)) ? "restart" : "ask";
}
