import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { runListOf } from "../../../../coordinator/tui/actions/controls.ts";
import type { Leaving } from "../../../../coordinator/tui/actions/key-context.ts";
import { App } from "../../../../coordinator/tui/app.ts";
import { bindings, keyTable } from "../../../../coordinator/tui/keys.ts";
import { frameLines } from "../../../../coordinator/tui/screens/frame.ts";
import { lineText } from "../../../../coordinator/tui/terminal/styled.ts";
import { packageRoot } from "../../../../shared/components/component-defaults.ts";
import type { Trial } from "../../../../shared/domain/fold/trial.ts";
import { apply } from "../../../../shared/domain/fold/workspace-state.ts";
import type { RunName } from "../../../../shared/domain/names.ts";
import { BusError } from "../../../../shared/ports.ts";
import type { Order, OrderAnswer } from "../../../../shared/wire/messages.ts";
import { JobStory, storyStart } from "../../../support/stories/job-story.ts";
import { modelOf } from "../../../support/stories/shown-story.ts";
import { SimulatedSearch } from "../../../support/stories/simulated-search.ts";
import { FakeTerminal } from "../../../support/terminal/fake-terminal.ts";

/** A screen over a search of 200 runs, whose keys are pressed here and whose orders are caught. */
class Screen {
  readonly search: SimulatedSearch;
  readonly terminal = new FakeTerminal();
  readonly orders: Order[] = [];
  readonly saved: string[] = [];
  suspended = 0;
  remembered = 0;
  now = 100_000;
  left: Leaving | undefined;
  answer: OrderAnswer | Error = { ok: true, code: "done", term: 1, name: "job1", reason: "" };
  readonly #app: App;

  constructor(options: { readonly isReadonly?: boolean; readonly flags?: string; readonly top?: number } = {}) {
    this.search = new SimulatedSearch({ runs: 200, workers: 6, colour: false, ...options }, storyStart);
    this.search.second(this.now);
    this.#app = new App(this.search.model, this.terminal, {
      send: async (order) => {
        this.orders.push(order);
        if (this.answer instanceof Error) throw this.answer;
        return this.answer;
      },
      save: (text) => {
        this.saved.push(text);
        return "/tmp/screen.txt";
      },
      remember: () => {
        this.remembered += 1;
      },
      suspend: () => {
        this.suspended += 1;
      },
      now: () => this.now,
      cpu: () => 0,
    });
    void this.#app.left.then((leaving) => {
      this.left = leaving;
    });
    this.#app.start();
    this.#app.stop();
  }

  get hasLeft(): boolean {
    return this.left !== undefined;
  }

  get model(): SimulatedSearch["model"] {
    return this.search.model;
  }

  press(...names: readonly string[]): void {
    this.terminal.press(...names);
  }

  type(text: string): void {
    this.terminal.type(text);
  }

  /** What is on the screen after everything that was pressed. */
  async text(): Promise<string> {
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: bold and inverse are escapes.
    return this.terminal.lines.join("\n").replace(/\u001b\[[\d;]*m/g, "");
  }
}

describe("the key map", () => {
  test("has every key once", () => {
    const keys = bindings.flatMap((binding) => binding.keys);
    assert.deepEqual(keys.toSorted(), [...new Set(keys)].toSorted());
  });

  test("is what docs/screens.md says", () => {
    const text = readFileSync(join(packageRoot(), "docs", "screens.md"), "utf8");
    assert.ok(text.includes(keyTable().join("\n")), `docs/screens.md must hold:\n${keyTable().join("\n")}`);
  });

  test("is the help, whole, with the command of every control key", async () => {
    const screen = new Screen();
    screen.terminal.rows = bindings.length + 12;
    screen.press("?");
    const text = await screen.text();
    for (const { shown, does, command } of bindings) {
      assert.ok(text.includes(shown) && text.includes(does), does);
      if (command !== undefined) assert.ok(text.includes(`(${command})`), command);
    }
  });

  test("answers keys that do nothing", async () => {
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
    screen.terminal.columns = 80;
    screen.press("w");
    assert.match(await screen.text(), /there is only one pane/);
  });
});

describe("control keys", () => {
  test("only y confirms; Enter and every other key change nothing", async () => {
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

  test("every one of them names its effect and its command", async () => {
    for (const [keys, effect, command] of [
      [["R"], /resumes job1/, "nexus resume job1"],
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

  test("a whole job is cancelled only by its name", async () => {
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

  test("a refusal and an absent coordinator are told", async () => {
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
    // It may have got there: to say "not done" would be a guess.
    screen.answer = new BusError("no answer in time", "op.ann: no answer in time");
    screen.press("P", "y");
    assert.match(await screen.text(), /it may have done it or not/);
  });

  test("their commands are whole: every run, and the workspace where it is not the usual one", async () => {
    const screen = new Screen({ flags: " --workspace lab" });
    screen.terminal.columns = 80;
    screen.terminal.rows = 24;
    screen.press("P");
    assert.match(await screen.text(), /the same in a shell: nexus pause job1 --workspace lab$/m);
    screen.press("escape", "q", "s");
    assert.match(await screen.text(), /the same in a shell: nexus stop job1 --workspace lab$/m);
    screen.press("escape", "q", "d");
    await screen.text();
    assert.match(screen.left?.message ?? "", /nexus-coord watch job1 --workspace lab$/);
  });

  test("a long list of runs is said in full, in ranges where they follow each other", () => {
    const trials = ["run2.11", "run1.3", "run1.4", "run1.10", "run10.1", "run1.5", "run2.10"].map((run) => ({ run }));
    assert.equal(runListOf(trials as unknown as Trial[]), "run1.3-run1.5,run1.10,run2.10-run2.11,run10.1");
  });

  test("do nothing on a read-only screen, nor does q offer more than to detach", async () => {
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
  test("q asks; d detaches; anything that is no answer leaves the question open", async () => {
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

  test("Ctrl-C asks the same; twice within two seconds detaches at once", async () => {
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

  test("s stops the job and leaves, when the order was accepted", async () => {
    const screen = new Screen();
    screen.press("q", "s");
    assert.match(await screen.text(), /stops job1 for good/);
    screen.press("y");
    await screen.text();
    assert.equal(screen.orders[0]?.kind, "control");
    assert.match(screen.left?.message ?? "", /done: stops job1/);
  });
});

describe("a coordinator that says nothing", () => {
  /** Frames are drawn each second, whatever happens. */
  const wait = (screen: Screen, seconds: number): void => {
    for (let i = 0; i < seconds; i += 1) {
      screen.now += 1000;
      frameLines(screen.model, 120, 40, screen.now);
    }
  };

  test("for six seconds is none: that takes the place of the state, with what to type, and nothing is foretold", async () => {
    const screen = new Screen({ flags: " --workspace lab" });
    screen.press("3");
    const before = await screen.text();
    assert.match(before, /^job1 +maze +RUNNING .* ETA .* reports\/s *\nbest /);
    wait(screen, 4);
    screen.press("1");
    assert.match(await screen.text(), /^job1 +maze +RUNNING /);
    wait(screen, 2);
    screen.press("3");
    const text = await screen.text();
    assert.match(text, /^job1 +maze +NO COORDINATOR +runs \d+\/400 +6 running .*workers 6 busy/);
    assert.match(text, /\nstart one: nexus-coord --workspace lab {2}best -?\d/);
    assert.doesNotMatch(text, /ETA|reports\/s|RUNNING|lost/);
    screen.search.tellStatus(screen.now);
    screen.press("1");
    assert.match(await screen.text(), /^job1 +maze +RUNNING [^\n]* ETA [^\n]*\nbest /);
  });

  test("what to type is there in the narrowest terminal, and where there is no job", async () => {
    const screen = new Screen();
    screen.terminal.columns = 60;
    screen.terminal.rows = 12;
    wait(screen, 6);
    screen.press("2");
    assert.match(await screen.text(), /^job1 .*NO COORDINATOR .*\nstart one: nexus-coord {2}best /);
    screen.model.search.job = null;
    screen.press("2");
    assert.match(await screen.text(), /^workspace ws1 .*NO COORDINATOR *\nstart one: nexus-coord {2}no job yet/);
  });

  test("to a screen that stood still may have spoken all the same; a search that is over needs none", async () => {
    const screen = new Screen();
    await screen.text();
    screen.now += 60_000;
    screen.press("3");
    assert.match(await screen.text(), /RUNNING/);
    const story = new JobStory({ number: 1 });
    story.over();
    const done = modelOf(story);
    for (let second = 0; second < 20; second += 1) frameLines(done, 120, 40, 1000 * second);
    assert.match(lineText(frameLines(done, 120, 40, 20_000)[0] ?? []), / COMPLETED /);
  });
});

test("what was said goes with the next key that does something, and after some seconds", async () => {
  const screen = new Screen();
  const another = new JobStory({ number: 2 });
  for (const event of another.events) screen.model.search.happened(event, apply(screen.model.search.state, event));
  const said = /there is no job before this one/;
  screen.press("[");
  assert.match(await screen.text(), said);
  screen.press("]");
  assert.match(await screen.text(), /^job2 /);
  assert.doesNotMatch(screen.terminal.lines.join(""), said);
  for (const key of ["1", "j", "?"]) {
    screen.press("[", "[");
    assert.match(await screen.text(), said);
    screen.press(key);
    assert.doesNotMatch(await screen.text(), said, key);
    screen.press("escape");
  }
  screen.press("[");
  screen.now += 6100;
  screen.press("C-l");
  assert.doesNotMatch(await screen.text(), said);
});

/** A trial's evidence was read; its curve has been let go again. */
function read({ model }: Screen, n: number, hasReports: boolean): void {
  const metrics = [{ name: "s1-rew", values: [1], counts: [1] }];
  const stages = hasReports ? [{ stage: 1, iters: [1], hours: [1], metrics }] : [];
  model.search.evidenceRead(n, { curve: { run: "run1.1" as RunName, stages }, console: null });
  model.search.curves.clear();
}

describe("reports that have not been read yet", () => {
  test("are waited for on a run's page; a run that sent none says so", async () => {
    const screen = new Screen();
    screen.press("2");
    const open = screen.model.search.table?.trials.open() ?? [];
    const running = [...open][0]?.n ?? 0;
    screen.model.search.curves.clear();
    screen.model.open({ kind: "run", n: 1 });
    screen.press("C-l");
    assert.match(await screen.text(), /reading its reports\.\.\./);
    read(screen, 1, false);
    screen.press("C-l");
    await screen.text();
    const page = (n: number): string => {
      screen.model.pages = [{ kind: "run", n }];
      screen.model.chart = null;
      return frameLines(screen.model, 120, 40, screen.now).map(lineText).join("\n");
    };
    assert.match(page(1), /no curve: nothing was reported/);
    read(screen, running, false);
    assert.match(page(running), /no curves yet; they come with the first reports/);
    // What was read and let go to make room is read again.
    read(screen, running, true);
    assert.match(page(running), /reading its reports\.\.\./);
  });

  test("stand as ... in the list of runs until they are read", async () => {
    const screen = new Screen();
    screen.model.search.curves.clear();
    screen.model.search.isCatchingUp = true;
    screen.press("2");
    assert.match(await screen.text(), /run\d+\.\d+ +node-\d +running +(\d+ +)?\.\.\. /);
    screen.model.search.isCatchingUp = false;
    screen.press("C-l");
    assert.doesNotMatch(await screen.text(), /running +(\d+ +)?\.\.\. /);
  });
});

test("times and rate stay in the first line, whatever comes and goes; nothing reports where nothing runs", () => {
  const search = new SimulatedSearch({ runs: 200, workers: 6, colour: false }, storyStart);
  let now = 0;
  for (let i = 0; i < 90; i += 1) {
    now += 1000;
    search.second(now, 20);
    for (const width of [100, 120, 160]) {
      const [first = "", second = ""] = frameLines(search.model, width, 40, now).map(lineText);
      assert.match(first, width >= 120 ? / 1d00h {2}ETA \S+ {2}\S+ reports\/s *$/ : / ETA /, first);
      assert.doesNotMatch(second, /ETA|reports|1d00h/);
    }
  }
  assert.ok(search.model.search.reports.perSecond(now) > 5);
  now += 3000;
  search.tellStatus(now);
  assert.match(lineText(frameLines(search.model, 160, 40, now)[0] ?? []), / 0 reports\/s/);
});

describe("lists", () => {
  test("a filter takes terms; a wrong one stays open and says what is near", async () => {
    const screen = new Screen();
    screen.press("2", "/");
    screen.type("hpmx>0.01");
    screen.press("enter");
    assert.match(
      await screen.text(),
      /filter: hpmx>0\.01_.*\n {9}\^{4}\n there is no column "hpmx" here; did you mean hpmax\?/,
    );
    screen.press("C-u");
    screen.type("hpmax>0.01 lr=0.001 !failed");
    screen.press("enter");
    const text = await screen.text();
    assert.match(text, /Runs \d+ of \d+ filter: hpmax>0\.01 lr=0\.001 !failed/);
    for (const { trial } of screen.model.lists.runs.rows) {
      assert.ok((trial.hpmax ?? 0) > 0.01 && trial.configuration[0] === 3);
    }
    screen.press("escape");
    assert.doesNotMatch(await screen.text(), /filter:/);
  });

  test("a filter takes every column of nexus list runs and list workers, also those that are not shown", async () => {
    const screen = new Screen();
    await screen.text();
    for (const [key, filters] of [
      ["2", ["worker=node-1", "job=job1", "attempts=1", "secs>0", "holder=node-2", "trial<10", "target=any", "seed>0"]],
      ["2", ["hparams.lr=0.001", "metrics.hpmax>0", "metrics.s1-rew>0", "status=completed", "late=0", "started>2026"]],
      ["3", ["worker=node-1", "running=1", "completed>0", "error=0", "status=admitted", "host=lab-1"]],
    ] as const) {
      for (const filter of filters) {
        screen.press(key, "/", "C-u");
        screen.type(filter);
        screen.press("enter");
        assert.match(await screen.text(), new RegExp(`(Runs|Workers) [1-9]\\d* of \\d+ filter: ${filter}`), filter);
      }
    }
  });

  test("a word that nothing is called says which status was perhaps meant", async () => {
    const screen = new Screen();
    screen.press("2", "/");
    screen.type("runing");
    screen.press("enter");
    assert.match(
      await screen.text(),
      /nothing passes the filter; "runing" is looked for in names; did you mean running\?/,
    );
  });

  test("columns can be hidden, those that always are excepted", async () => {
    const screen = new Screen();
    screen.press("3", "c");
    for (const column of ["node", "state", "runs", "done"]) {
      screen.press(" ", "down");
      assert.match(await screen.text(), new RegExp(column));
    }
    screen.press("escape");
    const text = await screen.text();
    assert.match(text, /node +state +runs +failed/);
    assert.doesNotMatch(text, /runs +done/);
  });

  test("y copies a row as JSON with numbers unrounded; on Workers the join line", async () => {
    const screen = new Screen();
    await screen.text();
    screen.press("y", "3");
    await screen.text();
    screen.press("y");
    const [row = "", line] = screen.terminal.copied;
    const { hpmax, best } = JSON.parse(row) as { hpmax: number; best: string };
    assert.equal(hpmax, screen.model.lists.standings.rows[0]?.standing?.estimate);
    assert.match(best, /^run\d+\.\d+$/);
    assert.equal(line, "nexus-worker nats://CODE@192.0.2.7:4222/ws1");
  });

  test("s saves what is seen, m switches the mouse, Ctrl-Z stops, Ctrl-L draws anew", async () => {
    const screen = new Screen();
    screen.press("s", "m", "C-z");
    const before = screen.terminal.frames;
    screen.press("C-l");
    assert.match(await screen.text(), /Standings/);
    assert.ok(screen.terminal.frames > before);
    assert.equal(screen.terminal.repaints, 1);
    assert.match(screen.saved[0] ?? "", /^job1 +maze[\s\S]*\n$/);
    assert.ok(screen.terminal.isMouseOn);
    assert.equal(screen.suspended, 1);
  });

  test("Enter opens the run set, its run, and a worker's runs; Esc comes back", async () => {
    const screen = new Screen();
    await screen.text();
    screen.press("enter");
    assert.match(await screen.text(), /Run set {2}lr=/);
    screen.press("enter");
    assert.match(await screen.text(), /attempt +node/);
    screen.press("escape", "escape", "3");
    await screen.text();
    screen.press("enter");
    assert.match(await screen.text(), /Runs \d+ of \d+ filter: node=node-1/);
  });

  test("curves are of as many of the best as asked, with their ranks, their metric and what else is drawn", async () => {
    const screen = new Screen({ top: 2 });
    await screen.text();
    const [first, second, third] = screen.model.lists.standings.rows;
    for (const row of [first, second, third]) {
      for (const { n } of screen.model.search.runsOf(row?.key ?? "")) {
        for (let i = 1; i <= 5; i += 1) screen.model.search.curves.add(n, 1, 1000 * i, 0, i / 10);
      }
    }
    screen.press("4");
    const text = await screen.text();
    assert.match(text, /\n {2}s1-rew {3}── #1 run\d+\.\d+ {3}── #2 run\d+\.\d+ {3}dim: range of \d+ other runs/);
    assert.match(text, /[⠁-⣿]#1/);
    assert.match(text, /#2/);
    assert.doesNotMatch(text, /#3/);
  });

  test("each step to the right moves a column, also where some had no room, until one is left; each to the left one back", async () => {
    const screen = new Screen();
    screen.terminal.columns = 70;
    screen.terminal.rows = 24;
    screen.press("1");
    const header = async (): Promise<string> => /\n( +# .*hpmax.*)\n/.exec(await screen.text())?.[1]?.trimEnd() ?? "";
    const seen = [await header()];
    for (;;) {
      screen.press("right");
      if (/there are no columns further right/.test(await screen.text())) break;
      const now = await header();
      assert.notEqual(now, seen.at(-1));
      assert.match(now, / \+\d+$/);
      seen.push(now);
    }
    assert.equal(seen.length, 9, seen.join("\n"));
    for (const name of ["lr", "core", "top", "led", "^"]) assert.ok(seen.some((text) => text.includes(` ${name} `)));
    for (const before of seen.toReversed().slice(1)) {
      screen.press("left");
      assert.equal(await header(), before);
    }
    screen.press("left");
    assert.match(await screen.text(), /there are no columns further left/);
  });

  test("[ and ] go from job to job", async () => {
    const screen = new Screen();
    screen.press("]");
    assert.match(await screen.text(), /there is no job after this one/);
    screen.press("[");
    assert.match(await screen.text(), /there is no job before this one/);
  });
});
