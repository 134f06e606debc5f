/** The environment that the extension makes when finetab is nowhere else. Pure but for the list of files it is given. */

import * as path from "node:path";
import type { Command } from "./command";

export class Installation {
  /**
   * @param storage the extension's own folder on this machine
   * @param wheels the packages of finetab that came with the extension: one, or none where it was built without
   */
  constructor(
    private readonly storage: string,
    private readonly wheels: readonly string[],
    private readonly platform: NodeJS.Platform,
  ) {}

  /** Where its programs are; empty where the extension came without finetab. Another version has another place. */
  get bin(): string {
    const [wheel] = this.wheels;
    return wheel === undefined
      ? ""
      : path.join(this.storage, path.basename(wheel, ".whl"), this.platform === "win32" ? "Scripts" : "bin");
  }

  /** What makes it, one after the other: an environment, finetab in it, the default model. */
  steps(): readonly Command[] {
    const [wheel] = this.wheels;
    if (wheel === undefined) {
      return [];
    }
    const python = this.platform === "win32" ? "python" : "python3";
    return [
      { program: python, args: ["-m", "venv", "--clear", path.dirname(this.bin)] },
      { program: path.join(this.bin, "python"), args: ["-m", "pip", "install", wheel] },
      { program: path.join(this.bin, "finetab"), args: ["models", "fetch", "default"] },
    ];
  }
}
