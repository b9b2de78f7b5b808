import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { bindings } from "../../../../coordinator/tui/keys.ts";
import { runListOf } from "../../../../coordinator/tui/orders/control-questions.ts";
import { packageRoot } from "../../../../shared/components/component-defaults.ts";
import type { Trial } from "../../../../shared/domain/fold/trial.ts";
import { BusError } from "../../../../shared/ports.ts";
import { Screen } from "../../../support/terminal/app-screen.ts";

/** The table of docs/screens.md. */
function keyTable(): string[] {
  const rows = bindings.map(({ shown, does, command }) => [`\`${shown}\``, does, command ? `\`${command}\`` : ""]);
  const all = [["key", "does", "command"], ...rows];
  const widths = [0, 1, 2].map((i) => Math.max(...all.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const [header = [], ...body] = all;
  return [line(header), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...body.map(line)];
}

describe("the key map", () => {
  test("the key map has each key once", () => {
    const keys = bindings.flatMap((binding) => binding.keys);
    assert.deepEqual(keys.toSorted(), [...new Set(keys)].toSorted());
  });

  test("the key map is the table in docs/screens.md", () => {
    const text = readFileSync(join(packageRoot(), "docs", "screens.md"), "utf8");
    assert.ok(text.includes(keyTable().join("\n")), `docs/screens.md must hold:\n${keyTable().join("\n")}`);
  });

  test("the key map is the whole help, with the command of every control key", async () => {
    const screen = new Screen();
    screen.terminal.resize(120, bindings.length + 12);
    screen.press("?");
    const text = await screen.text();
    for (const { shown, does, command } of bindings) {
      assert.ok(text.includes(shown) && text.includes(does), does);
      if (command !== undefined) assert.ok(text.includes(`(${command})`), command);
    }
  });

  test("keys that do nothing where they are pressed say why", async () => {
    const screen = new Screen();
    for (const [keys, why] of [
      ["Q", /"Q" does nothing here; \? shows the keys/],
      ["x", /x changes the axis of curves; to see curves, press 4/],
      ["h", /there are no columns further left/],
      ["f", /choose a row first/],
      ["B", /B benches a worker: choose one on 3 Workers/],
      ["4o", /curves have no rows or columns/],
      ["4z", /curves have no rows or columns/],
      ["6f", /choose a row first/],
    ] as const) {
      for (const key of keys) {
        screen.press(key);
        await screen.text();
      }
      assert.match(await screen.text(), why, keys);
    }
    screen.press("1", "escape");
    assert.match(await screen.text(), /there is nothing to go back to; q leaves the screen/);
    screen.terminal.resize(80, 40);
    screen.press("w");
    assert.match(await screen.text(), /there is only one pane/);
  });
});

describe("control keys", () => {
  test("only y confirms an order; Enter and every other key change nothing", async () => {
    const screen = new Screen();
    for (const key of ["enter", "n", "escape", " ", "down", "P"]) {
      screen.press("P");
      assert.match(await screen.text(), /pauses job1: 6 running runs go on, nothing new starts \(\d+ to come\)/);
      screen.press(key);
      assert.match(await screen.text(), /nothing was changed/);
    }
    assert.equal(screen.orders.length, 0);
    screen.press("P", "y");
    assert.match(await screen.text(), /done: pauses job1/);
    const [order] = screen.orders;
    assert.ok(order?.kind === "control" && order.op.length > 10);
    assert.deepEqual([order.verb, order.target], ["pause", { kind: "job", job: "job1" }]);
  });

  test("each control key names its effect and its command", async () => {
    for (const [keys, effect, command] of [
      [["D"], /drains job1: 6 runs begun are finished/, "nexus drain job1"],
      [["S"], /stops job1 for good: 6 runs begun are finished, \d+ will never start/, "nexus stop job1"],
      [["X"], /cancels job1 for good: 6 running and 0 queued runs end now/, "nexus cancel job1"],
      [["3", "P"], /pauses worker node-1: it gets no more runs; 1 run in hand goes on/, "nexus pause node-1"],
      [["3", "D"], /drains worker node-1: it gets no more runs; it finishes 1 run in hand/, "nexus drain node-1"],
      [
        ["3", "S"],
        /stops worker node-1: it gets no runs until resumed; 1 run in hand is handed back/,
        "nexus stop node-1",
      ],
      [["3", "B"], /benches worker node-1: it gets no runs/, "nexus bench node-1"],
      [["2", "X"], /cancels run\d+\.\d+ now: without a result/, "nexus cancel run"],
      [["2", "enter", "X"], /cancels run\d+\.\d+ now: without a result/, "nexus cancel run"],
    ] as const) {
      const screen = new Screen();
      await screen.text();
      for (const key of keys) {
        screen.press(key);
        await screen.text();
      }
      const text = await screen.text();
      assert.match(text, effect);
      assert.ok(text.includes(`the same in a shell: ${command}`), `${command}\n${text}`);
    }
  });

  test("on a screen, a whole job is cancelled only by typing its name", async () => {
    const screen = new Screen();
    screen.press("X");
    screen.type("job2");
    screen.press("enter");
    assert.match(await screen.text(), /type job1 and Enter to do it, Esc for no: job2_/);
    screen.press("backspace");
    screen.type("1");
    assert.equal(screen.orders.length, 0);
    screen.press("enter");
    await screen.text();
    assert.equal(screen.orders.length, 1);
  });

  test("a screen reports that an order was refused, failed, or may have been carried out", async () => {
    const screen = new Screen();
    screen.answer = { ok: false, code: "refused", term: 1, name: "", reason: "job1 is over" };
    screen.press("P", "y");
    assert.match(await screen.text(), /refused: job1 is over/);
    screen.answer = new Error("the disk is full");
    screen.press("P", "y");
    assert.match(await screen.text(), /not done: the disk is full/);
    screen.answer = new BusError("nobody answered", "op.ann: nobody answered");
    screen.press("P", "y");
    assert.match(await screen.text(), /not done: no coordinator is leading at the moment; .* start one: nexus-coord$/m);
    // The order may have arrived: "not done" would be a guess.
    screen.answer = new BusError("no answer in time", "op.ann: no answer in time");
    screen.press("P", "y");
    assert.match(await screen.text(), /the order may or may not have been carried out/);
  });

  test("control keys show the whole command, with the workspace if it is not the default", async () => {
    const screen = new Screen({ flags: " --workspace lab" });
    screen.terminal.resize(80, 24);
    screen.press("P");
    assert.match(await screen.text(), /the same in a shell: nexus pause job1 --workspace lab$/m);
    screen.press("escape", "q", "s");
    assert.match(await screen.text(), /the same in a shell: nexus stop job1 --workspace lab$/m);
    screen.press("escape", "q", "d");
    await screen.text();
    assert.match(screen.left?.message ?? "", /nexus-coord watch job1 --workspace lab$/);
  });

  test("a screen's command names a long list of runs in full, as ranges where they follow each other", () => {
    const trials = ["run2.11", "run1.3", "run1.4", "run1.10", "run10.1", "run1.5", "run2.10"].map((run) => ({ run }));
    assert.equal(runListOf(trials as unknown as Trial[]), "run1.3-run1.5,run1.10,run2.10-run2.11,run10.1");
  });

  test("control keys do nothing on a read-only screen, where q only offers to detach", async () => {
    const screen = new Screen({ isReadonly: true });
    for (const key of ["P", "R", "D", "S", "X", "B"]) {
      screen.press(key);
      assert.match(await screen.text(), /this screen is read-only/);
    }
    screen.press("q");
    assert.doesNotMatch(await screen.text(), /\[s\]|\[c\]/);
    screen.press("s", "y");
    assert.equal(screen.orders.length, 0);
    assert.match(await screen.text(), /READ-ONLY/);
  });
});

describe("leaving", () => {
  test("the key q asks how to leave, d detaches; a key that is no answer leaves the question open", async () => {
    const screen = new Screen();
    screen.press("q", "v");
    assert.match(await screen.text(), /\[d\] detach: job1 goes on without this screen: 6 runs running, 200 to come/);
    assert.ok(!screen.hasLeft);
    screen.press("d");
    await screen.text();
    assert.equal(screen.left?.exitCode, 0);
    assert.match(
      screen.left?.message ?? "",
      /job1 goes on without this screen.*\n {2}to see it again: nexus-coord watch job1$/,
    );
  });

  test("Ctrl-C asks how to leave; pressed twice within two seconds, it detaches at once", async () => {
    const screen = new Screen();
    screen.press("C-c");
    assert.match(await screen.text(), /\[d\] detach/);
    screen.now += 2500;
    screen.press("C-c");
    await screen.text();
    assert.ok(!screen.hasLeft);
    screen.now += 1500;
    screen.press("C-c");
    await screen.text();
    assert.equal(screen.left?.exitCode, 130);
    assert.equal(screen.orders.length, 0);
  });

  test("s as the answer to q stops the job, and leaves once the order is accepted", async () => {
    const screen = new Screen();
    screen.press("q", "s");
    assert.match(await screen.text(), /stops job1 for good/);
    screen.press("y");
    await screen.text();
    assert.equal(screen.orders[0]?.kind, "control");
    assert.match(screen.left?.message ?? "", /done: stops job1/);
  });
});
