import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { identify, isAlive } from "../../shared/machine/process-identity.ts";
import { eventually } from "../support/patience.ts";
import { type Pane, quoted, Tmux } from "../support/terminal/tmux.ts";
import { WatchedSearch } from "../support/terminal/watched-search.ts";

const tmux = new Tmux();
const search = new WatchedSearch();

before(() => search.start());

/** Opens a screen and waits until it is drawn on the alternate screen with the cursor hidden. */
async function opened(size: readonly [number, number] = [120, 40], command = "watch"): Promise<Pane> {
  const pane = tmux.open(size, search.script(command), { TERM: "xterm-256color", LANG: "C.UTF-8" });
  await pane.shows(/Standings/);
  const { alternate, cursor } = pane.modes();
  assert.deepEqual({ alternate, cursor }, { alternate: true, cursor: false });
  return pane;
}

/** Checks that the terminal is as the shell left it, with this exit code; returns its text. */
async function isWhole(pane: Pane, exitCode: number): Promise<string> {
  const text = await pane.shows(/is what is left/);
  assert.deepEqual(pane.modes(), { alternate: false, cursor: true, mouse: false, keypad: false });
  assert.match(text, /^icanon echo +is what is left$/m, text);
  assert.match(text, new RegExp(`^exit=${exitCode}$`, "m"), text);
  return text;
}

/** Whether a process writes nothing for 400 ms: its terminal takes no more. */
function isStuck(pid: number): boolean {
  const before = written(pid);
  const until = performance.now() + 400;
  while (performance.now() < until) if (written(pid) !== before) return false;
  return true;
}

const written = (pid: number): string => /wchar: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, "utf8"))?.[1] ?? "";

describe("the terminal of a screen that ends or is stopped", { concurrency: 3 }, () => {
  for (const [signal, exitCode] of [
    ["SIGTERM", 143],
    ["SIGINT", 130],
    ["SIGHUP", 129],
    ["SIGQUIT", 131],
  ] as const) {
    test(`the terminal is whole again after ${signal}, with which the screen ends with ${exitCode}`, async () => {
      const pane = await opened();
      pane.press("m");
      await eventually("the mouse is on", () => pane.modes().mouse);
      process.kill(pane.child(), signal);
      await isWhole(pane, exitCode);
    });
  }

  for (const [signal, what, error] of [
    ["SIGUSR2", "a throw", "a bug that nobody foresaw"],
    ["SIGPWR", "a rejection", "a promise that nobody awaited"],
  ] as const) {
    test(`the terminal is whole after ${what} that nobody caught; the error is readable there and in the log`, async () => {
      const pane = await opened();
      process.kill(pane.child(), signal);
      const text = await isWhole(pane, 1);
      assert.match(text, /this is a bug, please report it/);
      assert.match(text, new RegExp(`Error: ${error}`));
      assert.match(text, /the screen has ended, the search goes on; log: .*screen\.log/s);
      const log = readFileSync(join(search.swarm.folder, "state", "nexus", "screen.log"), "utf8");
      assert.match(log, new RegExp(`Z {2}\\d+ {2}[\\s\\S]*Error: ${error}`));
    });
  }

  test("a signal ends the screen although nobody reads what it writes", async () => {
    const pidFile = join(search.swarm.folder, "slow.pid");
    const screen = `sh -c 'echo $$ > ${pidFile}; exec ${search.command("watch").replaceAll("'", "")}'`;
    // The screen has its own pseudo-terminal, whose other end stops reading after a while.
    const reader = `dd bs=64 count=40 2>/dev/null; sleep 1000`;
    const script = `${search.environment()}; script -qc ${quoted(screen)} /dev/null | { ${reader}; }`;
    const pane = tmux.open([120, 40], script, { TERM: "xterm-256color", LANG: "C.UTF-8" });
    const pid = await eventually(
      "the screen has a process",
      () => existsSync(pidFile) && Number(readFileSync(pidFile)),
    );
    await pane.shows(/job1/);
    // Every redraw writes some kilobytes, until the pipe is full.
    for (let i = 0; i < 60; i += 1) pane.press("C-l");
    const identity = identify(pid);
    assert.ok(identity);
    await eventually("it waits for its reader", () => isStuck(pid));
    process.kill(pid, "SIGTERM");
    await eventually("the screen has ended", () => !isAlive(identity));
  });

  test("the terminal is whole while the screen is stopped, by signal or key; then it is drawn again", async () => {
    const shell = `${search.environment()}; exec bash --norc --noprofile`;
    const pane = tmux.open([120, 40], shell, { TERM: "xterm-256color", LANG: "C.UTF-8", PS1: "shell> " });
    await pane.shows(/\$|#|>/);
    pane.press(search.command(), "Enter");
    await pane.shows(/▶ Standings/);
    for (const stop of [() => process.kill(pane.child(), "SIGTSTP"), () => pane.press("C-z")]) {
      stop();
      await pane.shows(/Stopped/);
      assert.deepEqual(pane.modes(), { alternate: false, cursor: true, mouse: false, keypad: false });
      pane.press("echo typed and seen", "Enter");
      await pane.shows(/^typed and seen$/m);
      pane.press("clear; fg", "Enter");
      await pane.shows(/^job1 +maze +RUNNING[\s\S]*▶ Standings/);
      assert.deepEqual([pane.modes().alternate, pane.modes().cursor], [true, false]);
    }
    // SIGSTOP comes unannounced: another program may have changed the terminal meanwhile.
    process.kill(pane.child(), "SIGSTOP");
    await pane.shows(/Stopped/);
    pane.press("clear; fg", "Enter");
    // Until then the old screen is still shown.
    await pane.shows(/^(?![\s\S]*Stopped)job1 +maze +RUNNING[\s\S]*▶ Standings/);
    pane.press("q");
    await pane.shows(/\[d\] detach/);
    pane.press("d");
    await pane.shows(/goes on without this screen/);
    pane.press("exec sleep 1000", "Enter");
  });

  test("Ctrl-Z does nothing to a screen that no shell could continue", async () => {
    const pane = await opened();
    const written = pane.record();
    pane.press("C-z", "2");
    // The key's effect is over once the terminal has been given back and taken again.
    await eventually("the screen is back", () => /\?1049l[\s\S]*\?1049h/.test(written()), { seen: written });
    await pane.shows(/▶ Runs/);
    assert.deepEqual([pane.modes().alternate, pane.modes().cursor], [true, false]);
    pane.press("q", "d");
    await isWhole(pane, 0);
  });

  test("the terminal is whole again after Ctrl-C twice, and the search goes on", async () => {
    const pane = await opened();
    await pane.answers(["C-c"], /\[d\] detach: job1 goes on/);
    pane.press("Escape");
    await eventually("the question is gone", () => !/\[d\] detach/.test(pane.text()));
    await pane.shows(/^job1 +maze +RUNNING/);
    // Sent together: on a busy machine two seconds may pass between two keys.
    pane.send("\u0003\u0003");
    const text = await isWhole(pane, 130);
    assert.match(
      text,
      /job1 goes on without this screen: \d runs? running, \d+ to come\n {2}to see it again: nexus-coord watch job1/,
    );
    assert.equal((await search.swarm.table(search.job)).state, "searching");
  });

  test("the screen ends by itself when its terminal is gone", async () => {
    const pane = await opened();
    const identity = identify(pane.child());
    assert.ok(identity);
    tmux.run("kill-session", "-t", pane.name);
    await eventually("the screen has ended", () => !isAlive(identity));
  });
});

test("a storm of sizes leaves a screen of the last one, and none is too small to live", async () => {
  const pane = await opened();
  for (let i = 0; i < 40; i += 1) pane.resize(20 + ((i * 37) % 190), 3 + ((i * 13) % 58));
  pane.resize(59, 11);
  await pane.shows(/^59x11 is too small \(at least 60x12\); the search goes on$/m);
  for (const [columns, rows] of [
    [80, 24],
    [120, 40],
    [200, 60],
  ] as const) {
    pane.resize(columns, rows);
    const text = await pane.shows(columns === 200 ? /Standings.*Workers/ : /▶ Standings|─ Standings/);
    await eventually(`${columns}x${rows} is filled`, () => pane.text().trimEnd().split("\n").length === rows);
    assert.ok(text.split("\n").every((line) => line.length <= columns));
  }
  pane.press("q", "d");
  await isWhole(pane, 0);
});

describe("other terminals", { concurrency: 3 }, () => {
  for (const term of ["tmux-256color", "screen-256color", "linux", "vt220", "nonsense"]) {
    test(`under TERM=${term} the screen is the same, and nothing is printed over it`, async () => {
      const pane = tmux.open([100, 30], search.script(), { TERM: term, LANG: "C.UTF-8" });
      const text = await pane.shows(/^job1 +maze +RUNNING[^\n]*\nbest/);
      assert.doesNotMatch(text, /Error|Setulc|warning/i);
      pane.press("q", "d");
      await isWhole(pane, 0);
    });
  }

  for (const term of ["dumb", undefined]) {
    test(`with TERM ${term ?? "unset"} a view prints lines, and opens no screen`, async () => {
      const pane = tmux.open([100, 30], search.script(), { TERM: term, LANG: "C.UTF-8" });
      const written = pane.record();
      await eventually("lines are written", () => /run1\.\d+ (started|completed)/.test(written()));
      // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be there.
      assert.doesNotMatch(written(), /\u001b/);
      assert.equal(pane.modes().alternate, false);
      process.kill(pane.child(), "SIGINT");
      await isWhole(pane, 130);
    });
  }

  for (const [name, flags, env, curve, isColoured] of [
    [
      "under LANG=C the screen is ASCII alone, and under NO_COLOR it has no colour",
      "",
      { LANG: "C", LC_ALL: "C", NO_COLOR: "1" },
      /\|.*[*o+x#]/,
      false,
    ],
    [
      "under NO_COLOR with UTF-8 the screen has braille, and no colour",
      "",
      { LANG: "C.UTF-8", NO_COLOR: "1" },
      /│.*[⠁-⣿]/,
      false,
    ],
    [
      "--color=always wins over NO_COLOR, and --graph=block draws curves in blocks",
      "--color=always --graph=block",
      { NO_COLOR: "1" },
      /│.*[▀▄█]/,
      true,
    ],
    [
      "--color=never leaves the screen without colour, and --graph=ascii draws curves in ASCII",
      "--color=never --graph=ascii",
      {},
      /\|.*[*o+x#]/,
      false,
    ],
  ] as const) {
    test(name, async () => {
      const settings = { TERM: "xterm-256color", LANG: "C.UTF-8", ...env };
      const pane = tmux.open([100, 30], search.script(`watch ${flags}`), settings);
      await pane.shows(/Standings/);
      pane.press("4");
      const text = await pane.shows(curve);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is what is looked for.
      if (settings.LANG === "C") assert.match(text, /^[\u0000-\u007f]*$/);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are escapes.
      assert.equal(/\u001b\[[\d;]*3[0-7][;m]/.test(pane.coloured()), isColoured);
      pane.press("q", "d");
      await isWhole(pane, 0);
    });
  }

  test("a --readonly screen says so at control keys, offers only to leave, and shows no join line", async () => {
    const pane = await opened([100, 30], "watch --readonly");
    pane.press("3");
    const text = await pane.shows(/READ-ONLY[\s\S]*lab-1 +● busy/);
    assert.doesNotMatch(text, /nexus-worker/);
    await pane.says(["D"], /this screen is read-only/);
    pane.press("q");
    assert.doesNotMatch(await pane.shows(/\[d\] detach/), /\[s\]|\[c\]/);
    pane.press("s", "y", "d");
    await isWhole(pane, 0);
    assert.equal((await search.swarm.table(search.job)).state, "searching");
  });

  test("a view whose stdout is closed tells the search on stderr, until Ctrl-C", async () => {
    const pane = tmux.open([100, 30], search.script("watch >&-"), { TERM: "xterm-256color", LANG: "C.UTF-8" });
    await pane.shows(/runs, \d running/);
    assert.equal(pane.modes().alternate, false);
    process.kill(pane.child(), "SIGINT");
    await isWhole(pane, 130);
  });

  test("a pipe whose reader has seen enough ends the view, and that is no failure", async () => {
    const view = `${search.command("watch --json")} | head -1; echo "codes=\${PIPESTATUS[*]}"`;
    const pane = tmux.open([100, 30], `${search.environment()}; bash -c ${quoted(view)}; exec sleep 1000`, {
      TERM: "xterm-256color",
    });
    const text = await pane.shows(/^codes=0 0$/m);
    assert.match(text, /\{"v":1,"type":"/);
    assert.doesNotMatch(text, /EPIPE|Error/);
  });

  test("a pipe gets lines, whatever the terminal", async () => {
    const command = `${search.environment()}; ${search.command("watch")} | cat; echo "ended"; exec sleep 1000`;
    const pane = tmux.open([100, 30], command, { TERM: "xterm-256color", LANG: "C.UTF-8" });
    await pane.shows(/runs, \d running/);
    assert.equal(pane.modes().alternate, false);
    process.kill(pane.child(), "SIGINT");
    await pane.shows(/ended/);
  });
});
