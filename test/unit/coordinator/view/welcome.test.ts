import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { firstCommands, isJustLooking, isNewcomer, welcomeText } from "../../../../coordinator/view/welcome.ts";
import { workspacePaths } from "../../../../shared/machine/workspace.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

describe("a newcomer", () => {
  test("a newcomer is told what to do in words that 80 columns hold", () => {
    for (const folder of ["/home/ann/searches", `/home/ann/${"deep/".repeat(12)}searches`]) {
      const text = welcomeText(folder, 80);
      assert.ok(text.includes(folder));
      for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
    }
  });

  test("a newcomer who says where to listen, or which spec to start, is not asked for a spec", () => {
    assert.ok(isJustLooking({}, []));
    assert.ok(!isJustLooking({ listen: "0.0.0.0:4222" }, []));
    assert.ok(!isJustLooking({ listenWss: ":443" }, []));
    assert.ok(!isJustLooking({}, ["spec.yaml"]));
  });

  test("a newcomer is told to start the example only where it lies", () => {
    const folder = temporaryFolder();
    assert.deepEqual(firstCommands(folder, " -w ws2"), ["nexus init", "nexus run search.yaml -w ws2"]);
    mkdirSync(join(folder, "specs"));
    writeFileSync(join(folder, "specs/maze_dgd.yaml"), "");
    assert.deepEqual(firstCommands(folder, " -w ws2"), ["nexus run specs/maze_dgd.yaml -w ws2"]);
  });

  test("a newcomer is somebody in a workspace without a search and a folder without a spec", () => {
    const folder = temporaryFolder();
    const paths = workspacePaths("ws1", { XDG_DATA_HOME: join(folder, "data") });
    const here = join(folder, "here");
    mkdirSync(here);
    assert.ok(isNewcomer(paths, here));
    writeFileSync(join(here, "mine.yml"), "");
    assert.ok(!isNewcomer(paths, here));
    const other = join(folder, "other");
    mkdirSync(other);
    mkdirSync(paths.store, { recursive: true });
    assert.ok(isNewcomer(paths, other));
    writeFileSync(join(paths.store, "jetstream"), "");
    assert.ok(!isNewcomer(paths, other));
  });
});
