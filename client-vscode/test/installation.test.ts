import assert from "node:assert/strict";
import { test } from "node:test";
import { Installation } from "../src/installation";

const WHEEL = "/extension/dist/finetab-0.1.0-py3-none-any.whl";
const PLACE = "/storage/finetab-0.1.0-py3-none-any";

test("an environment is made, finetab put into it, and the model fetched by what was put there", () => {
  const installation = new Installation("/storage", [WHEEL], "linux");
  assert.equal(installation.bin, `${PLACE}/bin`);
  assert.deepEqual(
    installation.steps().map(({ program, args }) => [program, ...args].join(" ")),
    [
      `python3 -m venv --clear ${PLACE}`,
      `${PLACE}/bin/python -m pip install ${WHEEL}`,
      `${PLACE}/bin/finetab models fetch default`,
    ],
  );
});

test("an extension that came without finetab has nothing to install", () => {
  const installation = new Installation("/storage", [], "linux");
  assert.equal(installation.bin, "");
  assert.deepEqual(installation.steps(), []);
});
