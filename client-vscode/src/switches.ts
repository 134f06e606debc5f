/** On and off: for everything, or for a language. */

import * as vscode from "vscode";

const section = () => vscode.workspace.getConfiguration("finetab");

/** Why there are no suggestions in a language, empty when there are. */
export function whyOff(languageId: string | undefined): string {
  if (!section().get("enabled", true)) {
    return "turned off";
  }
  return languageId !== undefined && isOffFor(languageId) ? `turned off for ${languageId}` : "";
}

export function isOn(): boolean {
  return section().get("enabled", true);
}

export function isOffFor(languageId: string): boolean {
  return section().get<string[]>("disabledLanguages", []).includes(languageId);
}

export async function toggle(): Promise<void> {
  await update("enabled", !isOn());
}

export async function toggleLanguage(): Promise<void> {
  const language = vscode.window.activeTextEditor?.document.languageId;
  if (language === undefined) {
    void vscode.window.showInformationMessage("Open a file first: finetab is turned on or off for its language.");
    return;
  }
  const others = section()
    .get<string[]>("disabledLanguages", [])
    .filter((name) => name !== language);
  await update("disabledLanguages", isOffFor(language) ? others : [...others, language]);
}

/** Write a setting where it is set now, else for the user. */
async function update(key: string, value: unknown): Promise<void> {
  const isOfWorkspace = section().inspect(key)?.workspaceValue !== undefined;
  const target = isOfWorkspace ? vscode.ConfigurationTarget.Workspace : vscode.ConfigurationTarget.Global;
  await section().update(key, value, target);
}
