import assert from "node:assert/strict";
import { chmodSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { UsageError } from "../../../../shared/errors.ts";
import { createWorkspace, workspacePaths } from "../../../../shared/machine/workspace.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe("workspace paths", () => {
  it("workspace paths lie under XDG_DATA_HOME", () => {
    const paths = workspacePaths("lab_2", { XDG_DATA_HOME: "/data", HOME: "/home/ann" });
    assert.equal(paths.dir, "/data/nexus/lab_2");
    assert.equal(paths.name, "lab_2");
    assert.equal(paths.store, "/data/nexus/lab_2/store");
    assert.equal(paths.endpoint, "/data/nexus/lab_2/endpoint.json");
  });

  it("workspace paths lie under ~/.local/share when XDG_DATA_HOME is unset, empty or relative", () => {
    for (const dataHome of [{}, { XDG_DATA_HOME: "" }, { XDG_DATA_HOME: "data" }]) {
      assert.equal(workspacePaths("ws1", { HOME: "/home/ann", ...dataHome }).dir, "/home/ann/.local/share/nexus/ws1");
    }
    assert.equal(workspacePaths(undefined, {}).dir, join(homedir(), ".local/share/nexus/ws1"));
  });

  it("workspace names that could leave the folder or upset a file system are refused", () => {
    for (const name of ["", "..", "a/b", "WS1", "1ws", "-a", "a b", "a\n", "a".repeat(33), "ä"]) {
      assert.throws(() => workspacePaths(name, {}), UsageError, JSON.stringify(name));
    }
    assert.equal(workspacePaths("a".repeat(32), { HOME: "/h" }).name.length, 32);
  });
});

describe("a workspace's folder", () => {
  it("a workspace's folder belongs to its owner alone, whatever the umask", () => {
    const paths = workspacePaths("ws1", { XDG_DATA_HOME: temporaryFolder() });
    mkdirSync(paths.secrets, { recursive: true, mode: 0o755 });
    chmodSync(paths.dir, 0o755);
    createWorkspace(paths);
    assert.equal(modeOf(paths.dir), 0o700);
    assert.equal(modeOf(paths.secrets), 0o700);
    for (const folder of [paths.store, paths.logs, paths.holders]) assert.ok(statSync(folder).isDirectory());
    createWorkspace(paths);
  });

  it("a file in the way of a workspace's folder is an error that says where and what to do", () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, "nexus"), "");
    const paths = workspacePaths("ws1", { XDG_DATA_HOME: folder });
    assert.throws(
      () => createWorkspace(paths),
      (error: Error) =>
        error instanceof UsageError && error.message.includes(paths.dir) && error.message.includes("XDG_DATA_HOME"),
    );
  });
});
