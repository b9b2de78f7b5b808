import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { readRoleSecret } from "../../shared/broker/access/credentials.ts";
import { runningBroker } from "../../shared/broker/server/broker-info.ts";
import { eventually } from "../support/patience.ts";
import { type Pane, quoted, Tmux } from "../support/terminal/tmux.ts";
import { WatchedSearch } from "../support/terminal/watched-search.ts";

const tmux = new Tmux();
const search = new WatchedSearch();
const { swarm } = search;
let pane: Pane;

before(async () => {
  await search.start();
  pane = tmux.open([120, 40], search.script(), { TERM: "xterm-256color", LANG: "C.UTF-8" });
  await pane.shows(/▶ Standings/);
});

describe("a real search on the screen", () => {
  test("the standings move as runs end", async () => {
    // Waits, because fewer than two runs may be running between runs.
    const text = await pane.shows(
      /^job1 +maze +RUNNING +runs \d+\/5000 +2 running.*\nbest {2}-?\d+\.\d+ ± \d\.\d+ \(n=\d+\)/,
    );
    assert.match(text, /\n +# .*hpmax +sd +hpmax-2sd +runs +best/);
    const ended = Number(/runs (\d+)\//.exec(text)?.[1]);
    await eventually("more runs have ended", () => Number(/runs (\d+)\//.exec(pane.text())?.[1]) > ended + 2);
  });

  test("running runs show iterations and a lease, which only the leader knows", async () => {
    pane.press("2");
    await pane.shows(/lab-1 +running +1 +\d+ +-?\d+\.\d+ +[1-6]s/);
  });

  test("a filter takes the words of nexus list runs; a wrong one says what was perhaps meant", async () => {
    pane.press("/", "hpmx>1", "Enter");
    await pane.shows(/ \^{4}\n there is no column "hpmx" here; did you mean hpmax\?/);
    pane.press("C-u", "status=running", "Enter");
    // Waits, because no run may be running between runs.
    const text = await pane.shows(/Runs [1-9]\d* of \d+ filter: status=running/);
    const shown = text.split("\n").filter((line) => /run1\.\d+ +lab-1/.test(line));
    assert.ok(
      shown.length > 0 && shown.every((line) => /running/.test(line) || /Events|started|completed/.test(line)),
      text,
    );
    pane.press("Escape");
    await pane.shows(/Runs \d+ ─/);
  });

  test("a run's page has its curve, its machine, and its console once it has ended", async () => {
    pane.press("/", "C-u", "status=completed", "Enter");
    await pane.shows(/filter: status=completed/);
    pane.press("Enter");
    await pane.shows(/run1\.\d+ +a=\d b=0\.\d/);
    const text = await pane.shows(/console.*\n.*\S/);
    assert.match(text, /attempt +node +started/);
    await pane.shows(/stage 1[\s\S]*[⠁-⣿]/);
    pane.press("Escape", "Escape");
    await pane.shows(/Runs \d+ ─/);
  });

  test("the workers' screen says how this machine joins and what lets others join; y copies it", async () => {
    pane.press("3");
    // Since a worker has joined, one line is enough at first.
    await pane.shows(/\n {2}another worker on this machine: nexus-worker {3}\(y copies it, J says more\)\n/);
    await pane.shows(/lab-1 +● busy +2\/2 +run1\.\d+ \d+, run1\.\d+ /);
    pane.press("J");
    const text = await pane.shows(/to start a worker on this machine, run \(y copies it\):\n {2}nexus-worker$/m);
    assert.match(text, /other machines cannot join:.*\n {2}nexus-coord stop; nexus-coord --listen 0\.0\.0\.0:\d+/);
    await pane.shows(/lab-1 +● busy +2\/2/);
    await pane.says(["y"], /copied: the join line/);
    await eventually("the clipboard has it", () => {
      try {
        return tmux.run("show-buffer") === "nexus-worker";
      } catch {
        // No buffer yet.
        return false;
      }
    });
  });

  test("the neighbourhood's screen says what is tried next, the events' screen what has happened", async () => {
    pane.press("5");
    await pane.shows(/best {4}a=\d b=0\.\d/);
    await pane.shows(/> +[\d.]+% .*the best itself|> +[\d.]+% .* -> /);
    pane.press("6");
    await pane.shows(/run1\.\d+ completed {2}hpmax/);
    await pane.says(["s"], /saved: .*nexus-screen-1\.txt/);
    const saved = readFileSync(join(swarm.folder, "nexus-screen-1.txt"), "utf8");
    assert.match(saved, /^job1 +maze/);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are escapes.
    assert.doesNotMatch(saved, /\u001b/);
  });

  test("the screen's help lists every key, and closes", async () => {
    pane.press("?");
    // The keys of the focused pane come first.
    await pane.shows(/ Keys of Events\n[\s\S]*PgUp +page up[\s\S]*X +cancel the selected runs.*\(nexus cancel\)/);
    pane.press("G");
    await pane.shows(/ On other screens\n[\s\S]*Columns of Events/);
    pane.press("?", "1");
    await pane.shows(/▶ Standings/);
  });
});

test("the keys Tab, w, z, f, x and the arrows change panes, columns, order and axis", async () => {
  pane.press("1", "Tab");
  await pane.shows(/▶ Events/);
  pane.press("w");
  await eventually("the events fill the screen", () => !/Standings \d+ by/.test(pane.text()));
  pane.press("w", "Tab");
  await pane.shows(/▶ Best/);
  pane.press("Tab");
  await pane.shows(/▶ Standings/);
  pane.press("j", "z", "f");
  await pane.shows(/Standings \d+ by hpmax less 2 sd FROZEN following/);
  const order = /\n> +\d+.*\b(run\d+\.\d+)/.exec(pane.text())?.[1];
  pane.press("z", "f");
  await eventually("the order goes on", () => !/FROZEN|following/.test(pane.text()));
  assert.ok(order);
  const header = (): string => /\n +# .*/.exec(pane.text())?.[0] ?? "";
  assert.match(header(), /\^/);
  pane.press("l");
  await eventually("a column further right", () => header() !== "" && !header().includes("^"));
  pane.press("Left");
  await eventually("and back", () => header().includes("^"));
  await pane.says(["h"], /there are no columns further left/);
  pane.press("4");
  await pane.shows(/iters\n/);
  pane.press("x");
  await pane.shows(/hours\n/);
  pane.press("x", "KP2");
  await pane.shows(/▶ Runs/);
  pane.press("1");
});

test("Ctrl-L wipes away what someone else wrote over the screen", async () => {
  const tty = tmux.run("display-message", "-p", "-t", pane.name, "#{pane_tty}").trim();
  // Repeated, because the screen's next change of that line may cover it.
  await eventually("someone else has written", () => {
    writeFileSync(tty, "\u001b[2;1Hsomeone else wrote this\u001b[H");
    return pane.text().includes("someone else wrote this");
  });
  pane.press("C-l");
  await eventually("it is gone", () => !pane.text().includes("someone else"));
  await pane.shows(/^job1 +maze +RUNNING[^\n]*\nbest/);
});

test("pasted text gives no order", async () => {
  tmux.run("set-buffer", "-b", "pasted", "Py");
  const paste = (): unknown => tmux.run("paste-buffer", "-p", "-b", "pasted", "-t", pane.name);
  await pane.says(paste, /pasted text does nothing here/);
  pane.press("2", "/", "C-u");
  tmux.run("set-buffer", "-b", "pasted", "status=running");
  paste();
  pane.press("Enter");
  await pane.shows(/filter: status=running/);
  pane.press("Escape", "1");
  assert.equal((await swarm.table(search.job)).state, "searching");
});

describe("a screen elsewhere", () => {
  test("a screen elsewhere with a viewer's rights sees all, knows the leases, and changes nothing", async () => {
    const credentials = join(swarm.folder, "viewer.json");
    writeFileSync(credentials, JSON.stringify(readRoleSecret(swarm.paths, "viewer")), { mode: 0o600 });
    const url = runningBroker(swarm.paths)?.url ?? "none";
    const elsewhere = join(swarm.folder, "elsewhere");
    const command = `export XDG_DATA_HOME=${quoted(elsewhere)}; ${search.command(`watch job1 --nats ${url} --creds ${quoted(credentials)}`)}`;
    const other = tmux.open([100, 30], `${search.environment()}; ${command}; exec sleep 1000`, {
      TERM: "xterm-256color",
      LANG: "C.UTF-8",
    });
    await other.shows(/READ-ONLY/);
    other.press("3");
    const text = await other.shows(/lab-1 +● busy +2\/2/);
    assert.doesNotMatch(text, /nexus-worker nats/);
    await other.says(["P"], /this screen is read-only/);
    other.press("q");
    await other.shows(/\[d\] detach/);
    assert.doesNotMatch(other.text(), /\[c\]/);
    other.press("d");
    await other.shows(/goes on without this screen/);
  });
});

test("when the coordinator is killed, the screen soon says so, and what to type", async () => {
  pane.press("1");
  await pane.shows(/^job1 +maze +RUNNING .* ETA /);
  search.coordinator.child.kill("SIGKILL");
  const text = await pane.shows(/^job1 +maze +NO COORDINATOR +runs \d+\/5000 .*\nstart one: nexus-coord {2}best /);
  assert.doesNotMatch(text, /RUNNING|ETA|reports\/s/);
  await swarm.coordinator(["--lease", "6"]);
  await pane.shows(/^job1 +maze +RUNNING .* ETA /);
});

test("a search that is stopped from the screen ends after its running runs", async () => {
  await pane.shows(/^job1 +maze +RUNNING/);
  pane.press("1", "q");
  await pane.shows(/\[s\] stop job1/);
  pane.press("s");
  await pane.shows(/stops job1 for good/);
  pane.press("y");
  await pane.shows(/exit=0/);
  await swarm.when("the job is over", search.job, ({ isOver }) => isOver);
});

test("the jobs are on a screen of their own; Enter shows another one, and the header says which", async () => {
  const spec = swarm.probeSpec("second", { total_runs: 2, hp_tuning: "dgd" }, { reports: 1 });
  const second = await swarm.submit(spec);
  await swarm.when("the second job is over", second, ({ isOver }) => isOver);
  const jobs = tmux.open([120, 30], search.script(), { TERM: "xterm-256color", LANG: "C.UTF-8" });
  await jobs.shows(/^job2 +second +job 2 of 2 +COMPLETED/);
  jobs.press("0");
  await jobs.shows(/> job2 \* +second +completed +■{12} 2\/2 .*\n +job1 +maze +completed +[■·]{12} \d+\/5000 /);
  jobs.press("Down", "Enter");
  await jobs.shows(/^job1 +maze +job 1 of 2 +COMPLETED[^\n]*\nbest .*\n.*\n. Standings \d+/);
  jobs.press("q");
  await jobs.shows(/\[d\] detach/);
  jobs.press("d");
  await jobs.shows(/exit=0/);
});

test("a screen for one named job stays with it when it is over and another is submitted", async () => {
  const named = tmux.open([120, 30], search.script("watch job2"), { TERM: "xterm-256color", LANG: "C.UTF-8" });
  await named.shows(/^job2 +second +job 2 of 2 +COMPLETED/);
  named.press("6", "a");
  await swarm.submit(swarm.probeSpec("third", { total_runs: 2, hp_tuning: "dgd" }, { reports: 1 }));
  assert.match(await named.shows(/job3 submitted by/), /^job2 +second +job 2 of 3 +COMPLETED/);
  named.press("q");
  await named.shows(/\[d\] detach/);
  named.press("d");
  await named.shows(/exit=0/);
});

test("a newcomer in an empty folder is told what to do, and given a first spec", async () => {
  const home = join(swarm.folder, "newcomer");
  const env = `mkdir -p ${quoted(home)}; ${search.environment()}; cd ${quoted(home)}; export XDG_DATA_HOME=${quoted(join(home, ".data"))}`;
  const stop = `${search.command("stop")}; exec sleep 1000`;
  const newcomer = tmux.open([120, 30], `${env}; ${search.command("")}; echo "exit=$?"; ${stop}`, {
    TERM: "xterm-256color",
    LANG: "C.UTF-8",
  });
  await newcomer.shows(/Write search\.yaml into .* now\? \[y\/N\]/);
  newcomer.press("y", "Enter");
  await newcomer.shows(/workspace ws1 has no job yet/);
  assert.ok(existsSync(join(home, "search.yaml")));
  // A single key works, although a line was read from the same terminal before.
  newcomer.press("q");
  await newcomer.shows(/\[d\] detach: nothing is running/);
  newcomer.press("d");
  await newcomer.shows(/the coordinator of ws1 has ended/);
});
