import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import {
  type Happening,
  HeadlessLines,
  type Whereabouts,
  whereaboutsOf,
} from "../../../../coordinator/process/headless-lines.ts";
import { workspacePaths } from "../../../../shared/machine/workspace.ts";
import { temporaryFolder } from "../../../support/cleanup.ts";

const join1 = "nexus-worker nats://CODE@192.0.2.2:4222/ws1";
const whereabouts = (change: Partial<Whereabouts> = {}): Whereabouts => ({
  workspace: "ws1",
  broker: "0.0.0.0:4222",
  log: "/logs/coordinator.log",
  join: join1,
  isOpen: true,
  ...change,
});

function told(
  happenings: readonly Happening[],
  json: boolean,
  where: (at: Happening) => Whereabouts,
  showsSecrets = true,
): string[] {
  let all = "";
  let at: Happening = "ready";
  const lines = new HeadlessLines(
    () => where(at),
    { json, showsSecrets },
    (text) => {
      all += text;
    },
  );
  for (const happening of happenings) {
    at = happening;
    lines.tell(happening);
  }
  return all.trimEnd().split("\n");
}

describe("a coordinator in the foreground", () => {
  test("a coordinator in the foreground says where its broker listens, its log, and how workers join", () => {
    const where = (at: Happening): Whereabouts => whereabouts({ join: at === "leading" ? join1 : null });
    assert.deepEqual(told(["ready", "leading"], false, where), [
      "workspace ws1; its broker listens on 0.0.0.0:4222",
      "its log: /logs/coordinator.log",
      `on each machine that should join, run: ${join1}`,
    ]);
    const here = (): Whereabouts => whereabouts({ join: "nexus-worker", isOpen: false });
    assert.equal(told(["ready", "leading"], false, here).at(-1), "on this machine, run: nexus-worker");
  });

  test("a coordinator in the foreground says that it stands by, and when it leads later", () => {
    const where = (at: Happening): Whereabouts => whereabouts({ join: at === "leading" ? join1 : null });
    assert.deepEqual(told(["ready", "standing by", "leading"], false, where).slice(2), [
      "standing by: another coordinator leads; if it ends, this one leads; to end this one: Ctrl-C",
      "this coordinator leads now",
      `on each machine that should join, run: ${join1}`,
    ]);
    const [, , known] = told(["ready", "standing by"], false, () => whereabouts({ join: null, leader: 16632 }));
    assert.match(known ?? "", /^standing by: another coordinator leads \(process 16632\); if it ends, this one leads/);
    const peer = told(["ready", "standing by", "leading"], false, () => whereabouts());
    assert.equal(peer.filter((line) => line.includes("CODE")).length, 1, "the line is said once");
  });

  test("a coordinator in the foreground says the same in JSON, an object a line", () => {
    const objects = told(["ready", "standing by", "leading"], true, () => whereabouts()).map(
      (line) => JSON.parse(line) as object,
    );
    assert.deepEqual(objects, [
      { type: "coordinator", v: 1, workspace: "ws1", broker: "0.0.0.0:4222", log: "/logs/coordinator.log" },
      { type: "join", v: 1, join: join1, until: null },
      { type: "standby", v: 1, leader: null },
      { type: "leading", v: 1 },
    ]);
  });

  test("a coordinator says how to join by WebSocket beside the usual way, where it may be shown", () => {
    const webSocket = 'nexus-worker "wss://CODE@192.0.2.7:443/ws1#sha256=abc"';
    const lines = told(["ready"], false, () => whereabouts({ webSocket }));
    assert.ok(
      lines.join("\n").includes(`run: ${join1}\n  or, where no other port is open: ${webSocket}`),
      lines.join("\n"),
    );
    const [, joined = ""] = told(["ready"], true, () => whereabouts({ webSocket }));
    assert.deepEqual(JSON.parse(joined), { type: "join", v: 1, join: join1, webSocket, until: null });
    assert.ok(
      !told(["ready"], false, () => whereabouts({ webSocket }), false)
        .join("\n")
        .includes("wss://"),
    );
  });

  test("a coordinator says how another machine joins through a tunnel, where the line may be shown", () => {
    const tunnel = {
      ssh: "ssh -N -L 24410:127.0.0.1:24410 ann@lab",
      command: "nexus-worker nats://CODE@127.0.0.1:24410/ws1",
    };
    const here = (): Whereabouts =>
      whereabouts({ join: "nexus-worker", isOpen: false, tunnel, until: Date.UTC(2030, 0) });
    const text = told(["ready"], false, here).slice(2).join("\n");
    assert.match(
      text,
      /^on this machine, run: nexus-worker\n {2}or through a tunnel: on another machine, run: ssh -N -L .*\n {2}and, while that runs: nexus-worker nats:.*\n {2}it holds until 2030/,
    );
    const [, joined = ""] = told(["ready"], true, here);
    assert.deepEqual(JSON.parse(joined), {
      type: "join",
      v: 1,
      join: "nexus-worker",
      tunnel,
      until: Date.UTC(2030, 0),
    });
    const [, hidden = ""] = told(["ready"], true, here, false);
    assert.deepEqual(JSON.parse(hidden), { type: "join", v: 1, join: "nexus-worker", until: null });
  });

  test("a coordinator warns of plain text before it says how to join", () => {
    const warning = "warning: not encrypted";
    const lines = told(["ready"], false, () => whereabouts({ warning }));
    assert.equal(lines[2], warning);
    const objects = told(["ready"], true, () => whereabouts({ warning })).map((line) => JSON.parse(line) as object);
    assert.deepEqual(objects[1], { type: "warning", v: 1, warning });
  });

  test("a coordinator keeps the join line out of a log, and says where to see it", () => {
    for (const json of [false, true]) {
      const lines = told(["ready", "leading"], json, () => whereabouts(), false);
      assert.ok(!lines.join("\n").includes("CODE"));
      assert.match(lines.join("\n"), json ? /"join":null/ : /is a secret; to get one, type here: nexus invite$/m);
    }
    // On this machine a worker needs no code.
    const here = told(["ready"], false, () => whereabouts({ join: "nexus-worker", isOpen: false }), false);
    assert.equal(here.at(-1), "on this machine, run: nexus-worker");
  });

  test("a coordinator never shows the password in the URL of someone else's broker", () => {
    const paths = workspacePaths("ws1", { XDG_DATA_HOME: join(temporaryFolder(), "data") });
    const external = { url: "nats://ann:secret@lab1:4222,ann:secret@lab2:4222", credentialsFile: null, caFile: null };
    assert.ok(!whereaboutsOf(paths, external, 1).broker.includes("secret"));
  });
});
