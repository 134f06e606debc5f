/** Switch the adapter, and go back. The setting `finetab.adapter` is what the server follows. */

import * as vscode from "vscode";
import { adapterChoices, type KnownAdapter, type Memory, moved, WITHOUT_ADAPTER, wayBack } from "./adapterChoices";
import { whichFolder } from "./folders";
import type { Session } from "./session";

const MEMORY = "finetab.adapters";
const FOLDER = "Choose a Folder…";
const NO_WAY = "There is no adapter to go back to";

/** Remembers which adapter was set before, in this workspace. */
export class Adapters implements vscode.Disposable {
  private readonly listener: vscode.Disposable;

  constructor(
    private readonly session: Session,
    private readonly state: vscode.Memento,
  ) {
    void this.remember();
    this.listener = vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("finetab.adapter")) {
        void this.remember();
      }
    });
  }

  /** Ask which adapter to use, and set it for this workspace. */
  async switch(): Promise<void> {
    const known = (await this.session.ask<KnownAdapter[]>("finetab.adapters")) ?? [];
    const folder = { label: FOLDER, alwaysShow: true };
    const picked = await vscode.window.showQuickPick([...adapterChoices(known, adapterSet()), folder], {
      title: "finetab: adapter for this workspace",
      placeHolder: "The model goes on answering while another adapter is put on",
    });
    const name = picked === folder ? await askFolder() : picked && (await placeOf(picked.label));
    if (name !== undefined) {
      await setAdapter(name);
    }
  }

  /** Set the adapter that was set before this one; where none is set, undo the last promotion. */
  async rollBack(): Promise<void> {
    const message = await this.movedBack();
    if (message !== undefined) {
      void vscode.window.showInformationMessage(message);
    }
  }

  dispose(): void {
    this.listener.dispose();
  }

  /** Goes back, and gives what to say of it; undefined where the user changed their mind. */
  private async movedBack(): Promise<string | undefined> {
    const memory = this.state.get<Memory>(MEMORY);
    switch (wayBack(memory, adapterSet())) {
      case "promotion": {
        const folder = await whichFolder("Undo the last promotion in which folder?");
        if (folder === undefined) {
          return undefined;
        }
        const place = folder === "none" ? [] : [{ uri: folder.uri.toString() }];
        const undone = await this.session.ask<{ adapter: string } | null>("finetab.rollback", ...place);
        return undone ? `finetab is back to ${undone.adapter}.` : `${NO_WAY}: none was promoted or set here.`;
      }
      case "setting":
        await setAdapter(memory?.previous ?? undefined);
        return `finetab is back to ${memory?.previous ?? "what was promoted, or finetab.toml says"}.`;
      case "none":
        return `${NO_WAY}: the setting finetab.adapter names ${adapterSet()}, and was not changed here yet.`;
    }
  }

  private async remember(): Promise<void> {
    await this.state.update(MEMORY, moved(this.state.get<Memory>(MEMORY), adapterSet() ?? null));
  }
}

/** Where the adapters of a folder of the workspace are kept. */
export function ownAdapters(folder: vscode.WorkspaceFolder): vscode.Uri {
  return vscode.Uri.joinPath(folder.uri, ".finetab", "adapters");
}

/** The server finds an adapter of its library by name, one of the workspace by its folder. */
async function placeOf(name: string): Promise<string> {
  for (const folder of WITHOUT_ADAPTER.has(name) ? [] : (vscode.workspace.workspaceFolders ?? [])) {
    const place = vscode.Uri.joinPath(ownAdapters(folder), name);
    if (await exists(vscode.Uri.joinPath(place, "manifest.json"))) {
      return place.fsPath;
    }
  }
  return name;
}

export async function exists(place: vscode.Uri): Promise<boolean> {
  return vscode.workspace.fs.stat(place).then(
    () => true,
    () => false,
  );
}

/**
 * Set the adapter for the folder that is worked in, where that has one of its own; else for the workspace, or for the
 * user where there is none or its settings do not count.
 */
export async function setAdapter(name: string | undefined): Promise<void> {
  const { workspaceFolders, isTrusted } = vscode.workspace;
  const { Global, Workspace, WorkspaceFolder } = vscode.ConfigurationTarget;
  const configuration = configurationHere();
  const isOfFolder = configuration.inspect("adapter")?.workspaceFolderValue !== undefined;
  const target = !workspaceFolders || !isTrusted ? Global : isOfFolder ? WorkspaceFolder : Workspace;
  await configuration.update("adapter", name, target);
}

/** The adapter that was chosen in the settings, undefined for none. */
export function adapterSet(): string | undefined {
  const found = configurationHere().inspect<string>("adapter");
  return found?.workspaceFolderValue ?? found?.workspaceValue ?? found?.globalValue;
}

/** Our settings in the folder that is worked in. */
function configurationHere(): vscode.WorkspaceConfiguration {
  const document = vscode.window.activeTextEditor?.document;
  const folder = document && vscode.workspace.getWorkspaceFolder(document.uri);
  return vscode.workspace.getConfiguration("finetab", (folder ?? vscode.workspace.workspaceFolders?.[0])?.uri);
}

async function askFolder(): Promise<string | undefined> {
  const [folder] =
    (await vscode.window.showOpenDialog({
      title: "The folder of an adapter",
      canSelectFolders: true,
      canSelectFiles: false,
      openLabel: "Use",
    })) ?? [];
  return folder?.fsPath;
}
