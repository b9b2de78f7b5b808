import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readLayout } from "../../../../worker/components/environments/Maze_Env/layout.ts";
import { failureText } from "../../../../worker/runner/console-lines.ts";
import { readCommand } from "../../../../worker/stages/Command_Proc/command-spec.ts";
import { stageFactory } from "../../../../worker/stages/registry.ts";
import { StageFailure } from "../../../../worker/stages/stage.ts";

async function thrownBy(work: () => unknown): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("what the console says about a failed run", () => {
  test("the console says one sentence of a failed run if the spec, or a program it names, is at fault", async () => {
    const mistakes = [
      () => readLayout("eazy", "environments/Maze_Env"),
      () => readCommand({ component: "processors/Command_Proc", command: 7 }),
      () => stageFactory("processors/No_Proc", null),
    ];
    for (const mistake of mistakes) {
      const error = await thrownBy(mistake);
      assert.ok(error instanceof Error);
      assert.equal(failureText(error), error.message);
      assert.ok(!failureText(error).includes("    at "), failureText(error));
    }
    assert.equal(failureText(new StageFailure("python3 ended with exit code 1")), "python3 ended with exit code 1");
  });

  test("the console has the stack of a run that failed in its code", () => {
    assert.match(failureText(new TypeError("x is not a function")), /^TypeError: x is not a function\n {4}at /);
    assert.equal(failureText("a text"), "a text");
  });
});
