import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { packageRoot } from "../../../shared/components/component-defaults.ts";
import { identify, isAlive, type ProcessIdentity } from "../../../shared/machine/process-identity.ts";
import { atEnd, mustEnd, temporaryFolder } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { processesNaming } from "../../support/process-list.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { fullPriority } from "../../support/processes/swarm.ts";

/** `npm start` with its real spec: 60 runs of about a second of training each. */
const program = fileURLToPath(new URL("../../../coordinator/demo.js", import.meta.url));
const shortened = 18;

const environment = (folder: string): NodeJS.ProcessEnv => ({
  ...process.env,
  NODE_OPTIONS: fullPriority,
  HOME: folder,
  LANG: "C.UTF-8",
  XDG_DATA_HOME: join(folder, "data"),
  XDG_STATE_HOME: join(folder, "state"),
});

interface Demonstration {
  readonly child: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves when it has ended. */
  ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

function demonstrate(folder: string): Demonstration {
  const child = spawn(process.execPath, [program], {
    cwd: folder,
    // npm sets this to the script that it runs, so that the output names the command that people typed.
    env: { ...environment(folder), npm_lifecycle_event: "start" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  mustEnd(child.pid);
  atEnd(() => child.kill("SIGTERM"));
  const text = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text.stdout += chunk;
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    text.stderr += chunk;
  });
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal }));
  });
  return { child, stdout: () => text.stdout, stderr: () => text.stderr, ended: () => ended };
}

/** Resolves with the demonstration's processes when `count` runs have completed since this start. */
async function afterCompleted(demonstration: Demonstration, count: number): Promise<readonly ProcessIdentity[]> {
  await eventually(`${count} runs complete`, () => {
    assert.equal(demonstration.child.exitCode, null, demonstration.stderr());
    return (demonstration.stderr().match(/ completed {2}hpmax /g)?.length ?? 0) >= count;
  });
  // The coordinator, its guard and the server; two workers with a runner each.
  return eventually("all its processes run", () => atLeast(7, descendantsOf(demonstration.child.pid ?? 0)));
}

const atLeast = <T>(count: number, found: readonly T[]): readonly T[] | false => found.length >= count && found;

/** Resolves when none of these processes runs, and none whose command line names the folder. */
const nothingRuns = (folder: string, processes: readonly ProcessIdentity[]): Promise<true> =>
  eventually("nothing runs", () => !processes.some(isAlive) && processesNaming(folder).length === 0);

test("npm start ends whole at Ctrl-C, resumes when started again, and shows a finished search's standings", async () => {
  const folder = temporaryFolder();
  const first = demonstrate(folder);
  const ofFirst = await afterCompleted(first, 2);
  first.child.kill("SIGINT");
  assert.deepEqual(await first.ended(), { code: 130, signal: null });
  assert.match(
    first.stderr(),
    /\nstopping; unfinished runs are handed back, and the next npm start continues from here/,
  );
  assert.equal(first.stdout(), "");
  await nothingRuns(folder, ofFirst);
  const done = await endedRuns(folder);
  assert.ok(done >= 2 && done < 60, `${done} runs have ended`);

  // A killed demonstration cannot end its processes: they end by themselves.
  const second = demonstrate(folder);
  const ofSecond = await afterCompleted(second, 2);
  second.child.kill("SIGKILL");
  await second.ended();
  await nothingRuns(folder, ofSecond);
  assert.ok(second.stderr().includes(`Continuing job1: ${done} of 60 runs are done.`), second.stderr());
  const later = await endedRuns(folder);
  assert.ok(later >= done + 2 && later < 60, `${later} runs have ended`);

  const third = demonstrate(folder);
  const ofThird = await afterCompleted(third, 2);
  // The rest would be a minute of training, so the search is shortened, as anyone may do.
  const edited = await nexus(["edit", "job1", "--workspace", "demo", `--total-runs=${shortened}`], folder);
  assert.equal(edited.code, 0, edited.stderr);
  await eventually("the search ends", () => third.child.exitCode !== null);
  assert.deepEqual(await third.ended(), { code: 0, signal: null });
  assert.ok(third.stderr().includes(`Continuing job1: ${later} of 60 runs are done.`), third.stderr());
  const end = /\njob1 {2}completed: (\d+)\/18 runs(, \d+ lost and started again)? {2}best 0\.\d+ /.exec(third.stderr());
  // A busy machine may have started more before the edit came.
  const ended = Number(end?.[1]);
  assert.ok(ended >= shortened, third.stderr());
  assert.match(
    third.stderr(),
    /npx nexus list runs job1 --workspace demo --sort=metrics\.hpmax --last=10\n {2}npx nexus eval job1 --workspace demo\n {2}npx nexus plot summary job1 /,
  );
  assert.match(third.stdout(), /\nrank +hpmax +sd +runs +best +lr +disc +rscale +seqlen +clip\n\n +1 /);
  await nothingRuns(folder, ofThird);
  await assertWorthWatching(folder, ended);

  const fourth = demonstrate(folder);
  assert.deepEqual(await fourth.ended(), { code: 0, signal: null });
  assert.equal(fourth.stdout(), third.stdout());
  assert.match(fourth.stderr(), /\njob1 has already ended; this is its result\.\n/);
  assert.ok(!fourth.stderr().includes("workers train"), "nothing trains");
  assert.match(fourth.stderr(), /Search again: +npm start -- --again\n/);
  assert.equal(await endedRuns(folder), ended);
  await nothingRuns(folder, []);
});

test("npm start that SIGTERM or SIGHUP ends exits with the signal's own code", async () => {
  for (const [signal, code] of [
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const) {
    const folder = temporaryFolder();
    const started = demonstrate(folder);
    await eventually("it begins", () => started.stderr().includes("Starting a broker"));
    started.child.kill(signal);
    assert.deepEqual(await started.ended(), { code, signal: null });
    await nothingRuns(folder, []);
  }
});

test("npm start in a terminal shows its progress in one live line, and ends whole at a typed Ctrl-C", async () => {
  const folder = temporaryFolder();
  const terminal = openTerminal(folder, 100, 30);
  terminal.type(`cd ${packageRoot()} && npm start`);
  const progress = (): string[] => terminal.screen().filter((line) => /^job1 {2}\d+\/60 runs, \d+ running/.test(line));
  const completed = (): number => Number(/^job1 {2}(\d+)/.exec(progress()[0] ?? "")?.[1] ?? 0);
  const says = (what: RegExp): boolean => terminal.screen().some((line) => what.test(line));
  const counts = new Set<number>();
  await eventually("the line has changed with four runs", () => {
    counts.add(completed());
    assert.ok(progress().length <= 1, terminal.screen().join("\n"));
    return counts.size > 4;
  });
  const whole = /best 0\.\d+ ±\S+ \(n=\d+\) .*\d+s, \S+ left$/;
  await eventually("it says what is best", () => whole.test(progress()[0] ?? ""), {
    seen: () => progress().join("\n"),
  });
  assert.ok(!says(/run\d+\.\d+ (started|completed)/), "no line for each run");
  // npm and its shell, the demonstration, and the processes that it starts.
  const processes = await eventually("all its processes run", () => atLeast(10, descendantsOf(terminal.pid)));

  terminal.press("C-c");
  await eventually("it says that it stops", () => says(/^stopping; unfinished runs are handed back/));
  await eventually("nothing of it runs", () => !processes.some(isAlive));
  // Keys typed while the shell takes its terminal back may be lost, so they are repeated.
  await eventually(
    "the shell is back",
    () => {
      if (says(/^ended with 130$/)) return true;
      terminal.type('echo "ended with $?"');
      return false;
    },
    { everyMs: 2000, seen: () => terminal.screen().join("\n") },
  );
  await terminal.close();
});

/** Checks that bad settings look bad: a search whose runs are all alike would show nothing. */
async function assertWorthWatching(folder: string, ended: number): Promise<void> {
  const { stdout } = await nexus(["list", "runs", "job1", "--workspace", "demo", "--child", "--all", "--json"], folder);
  const runs = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { status: string; metrics: { hpmax: number } });
  assert.equal(runs.length, ended);
  assert.ok(runs.every(({ status }) => status === "completed"));
  const measured = runs.map(({ metrics }) => metrics.hpmax).sort((a, b) => a - b);
  const [worst = 0, best = 0] = [measured[0], measured.at(-1)];
  assert.ok(best > 3 * worst, `hpmax from ${worst} to ${best}`);
}

/** Ended runs of job1, read from the store while nothing runs. */
async function endedRuns(folder: string): Promise<number> {
  const { code, stdout, stderr } = await nexus(["list", "jobs", "--workspace", "demo", "--json"], folder);
  assert.equal(code, 0, stderr);
  return (JSON.parse(stdout) as { ended: number }).ended;
}

interface Terminal {
  /** Pid of its shell. */
  readonly pid: number;
  /** The lines that it shows now, without spaces at their ends. */
  screen(): string[];
  /** Types a line and presses Enter. */
  type(line: string): void;
  /** Presses one key, by tmux's name for it. */
  press(key: string): void;
  close(): Promise<void>;
}

/** A shell in a real terminal of that size. */
function openTerminal(folder: string, columns: number, rows: number): Terminal {
  const tmux = (...words: readonly string[]): string =>
    execFileSync("tmux", ["-u", "-S", join(folder, "terminal.sock"), "-f", "/dev/null", ...words], {
      cwd: folder,
      env: environment(folder),
      encoding: "utf8",
    });
  tmux("new-session", "-d", "-x", String(columns), "-y", String(rows), "sh");
  let isOpen = true;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    tmux("kill-server");
    await eventually("the terminal is closed", () => processesNaming(join(folder, "terminal.sock")).length === 0);
  };
  atEnd(close);
  return {
    pid: Number(tmux("display-message", "-p", "#{pane_pid}")),
    screen: () =>
      tmux("capture-pane", "-p")
        .split("\n")
        .map((line) => line.trimEnd()),
    type: (line) => {
      tmux("send-keys", "-l", line);
      tmux("send-keys", "Enter");
    },
    press: (key) => void tmux("send-keys", key),
    close,
  };
}

/** All descendants of a process. */
function descendantsOf(pid: number): ProcessIdentity[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc").filter((each) => /^\d+$/.test(each))) {
    const parent = parentOf(name);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const found = (of: number): number[] => (children.get(of) ?? []).flatMap((each) => [each, ...found(each)]);
  return found(pid)
    .map(identify)
    .filter((each) => each !== undefined);
}

/** Undefined if the process has ended meanwhile. */
function parentOf(pid: string): number | undefined {
  try {
    return Number(/\nPPid:\t(\d+)\n/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch (error) {
    assert.ok(["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? ""));
    return undefined;
  }
}
