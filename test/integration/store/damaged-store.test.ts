import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readJournal } from "../../../shared/broker/store/journal-reader.ts";
import { writeSnapshot } from "../../../shared/broker/store/snapshots.ts";
import { currentMark, writeMark } from "../../../shared/broker/store/store-mark.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import { exitCode } from "../../../shared/errors.ts";
import { createWorkspace, type WorkspacePaths, workspacePaths } from "../../../shared/machine/workspace.ts";
import { encodeEvents, encodeEvidence, type ReportRow } from "../../../shared/wire/messages.ts";
import { evidence } from "../../../shared/wire/subjects.ts";
import { mustEnd, temporaryFolder } from "../../support/cleanup.ts";
import { killedAt } from "../../support/processes/killed-at.ts";
import { nexusHere } from "../../support/processes/nexus-here.ts";
import { JobStory, workerOf } from "../../support/stories/job-story.ts";
import { type ToldMessage, tellWorkspace } from "../../support/stories/told-workspace.ts";

const runs = 12;
/** The job, two records for each run, and the job's end. */
const records = 2 * runs + 2;
const program = fileURLToPath(new URL("../../../coordinator/main.js", import.meta.url));
const command = fileURLToPath(new URL("../../../coordinator/cli/main.js", import.meta.url));

const home = temporaryFolder();
process.env["XDG_DATA_HOME"] = home;
let count = 0;

/** An undamaged workspace, as a coordinator that ended normally leaves it. */
async function wholeWorkspace(): Promise<WorkspacePaths> {
  count += 1;
  const paths = workspacePaths(`ws${count}`);
  createWorkspace(paths);
  const told: ToldMessage[] = [];
  const story = new JobStory({ number: 1, settings: { totalRuns: runs } });
  for (let i = 1; i <= runs; i += 1) {
    const n = story.started(`run1.${i}`, []);
    const reports: ReportRow[] = [[1, 10, 0, [i], [1]]];
    const body = { attempt: 1, reports, hpmax: i, iters: 10, metrics: {}, console: "" };
    told.push({ subject: evidence(workerOf(`run1.${i}`), story.job, n, "result"), data: encodeEvidence(body) });
    story.completed(n, `run1.${i}`, i, 10);
  }
  story.over();
  await tellWorkspace(paths, story.events, told);
  await markAsStored(paths);
  return paths;
}

async function markAsStored(paths: WorkspacePaths): Promise<void> {
  const link = await linkWorkspace(paths, "coordinator");
  writeMark(paths, await currentMark(link.bus));
  await link.close();
}

const folderOf = ({ store }: WorkspacePaths, stream: string): string => join(store, "jetstream/SWARM/streams", stream);

function block(paths: WorkspacePaths, stream: string): string {
  const folder = join(folderOf(paths, stream), "msgs");
  const name = readdirSync(folder).find((each) => each.endsWith(".blk"));
  assert.ok(name, `no block in ${folder}`);
  return join(folder, name);
}

/** Flips a bit of a message's content in mid-block. In a frame, it would make the server forget all later messages. */
function flip(paths: WorkspacePaths, stream: string, text: string): void {
  const file = block(paths, stream);
  const bytes = readFileSync(file);
  const at = bytes.indexOf(text, Math.floor(bytes.length / 2));
  assert.ok(at > 0, `${text} is not in ${file}`);
  bytes[at] = (bytes[at] ?? 0) ^ 0x10;
  writeFileSync(file, bytes);
}

function cut(paths: WorkspacePaths, stream: string): void {
  const file = block(paths, stream);
  truncateSync(file, Math.floor(statSync(file).size / 2));
}

/** Overwrites frames: when the server reads them, it forgets all later messages; until then it believes its index. */
function scratch(paths: WorkspacePaths, stream: string): void {
  const file = block(paths, stream);
  const bytes = readFileSync(file);
  const middle = Math.floor(bytes.length / 2);
  bytes.fill(0xaa, middle, middle + 200);
  writeFileSync(file, bytes);
}

/** Removes the index, so that the server reads the blocks and believes the messages left in them. */
const forgetIndex = (paths: WorkspacePaths, stream: string): void =>
  rmSync(join(folderOf(paths, stream), "msgs/index.db"), { force: true });

interface Damage {
  readonly what: string;
  readonly harm: (paths: WorkspacePaths) => void;
  /** The readers' message; undefined if everything that they read is whole. */
  readonly said?: RegExp;
  /** The message of nexus verify and nexus repair. */
  readonly found: RegExp;
}

const damages: readonly Damage[] = [
  {
    what: "a bit of the journal flipped",
    harm: (paths) => flip(paths, "JRN", "run1."),
    said: /record 1\d of the journal is missing/,
    found: /record 1\d of the journal is missing/,
  },
  {
    what: "the journal's block cut in half",
    harm: (paths) => cut(paths, "JRN"),
    said: /1\d of the journal's 26 records are missing/,
    found: /records 1\d to 26 of the journal are missing/,
  },
  {
    what: "the journal's block cut in half, and its index gone: the server calls it whole",
    harm: (paths) => {
      cut(paths, "JRN");
      forgetIndex(paths, "JRN");
    },
    said: /the journal ends with record 1\d, but record 26 was stored/,
    found: /the journal ends with record 1\d, but record 26 was stored/,
  },
  {
    what: "the journal's block gone",
    harm: (paths) => rmSync(block(paths, "JRN")),
    said: /26 of the journal's 26 records are missing/,
    found: /records 1 to 26 of the journal are missing/,
  },
  {
    what: "the journal's stream gone",
    harm: (paths) => rmSync(folderOf(paths, "JRN"), { recursive: true }),
    said: /the journal is not there at all, but record 26 was stored/,
    found: /the journal is not there at all, but record 26 was stored/,
  },
  {
    what: "the store gone",
    harm: (paths) => rmSync(paths.store, { recursive: true }),
    said: /it is empty, but record 26 of the journal was stored|the journal is not there at all, but record 26/,
    found: /the journal is not there at all, but record 26 was stored/,
  },
  {
    what: "a bit of the evidence flipped",
    harm: (paths) => flip(paths, "EV", "hpmax"),
    found: /message [5-8] of the evidence is missing/,
  },
  {
    what: "the evidence cut, and its index gone",
    harm: (paths) => {
      cut(paths, "EV");
      forgetIndex(paths, "EV");
    },
    said: /the evidence .* ends with message [4-7], but 12 was stored/,
    found: /the evidence .* ends with message [4-7], but 12 was stored/,
  },
];

/** Starts a coordinator, which must refuse; returns its exit code and output. */
async function refusedStart({ name }: WorkspacePaths): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, [program, "--headless", "--workspace", name], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  mustEnd(child.pid);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (chunk) => (text += chunk));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, text };
}

describe("a damaged store", {
  concurrency: 4,
}, () => {
  for (const { what, harm, said, found } of damages) {
    test(`every reader of the store reports ${what}; the rest goes on only when told to`, async () => {
      const paths = await wholeWorkspace();
      const here = (...words: string[]): ReturnType<typeof nexusHere> => nexusHere("--workspace", paths.name, ...words);
      harm(paths);
      const file = join(home, `${paths.name}.backup`);
      for (const words of [...(said ? [["list", "runs", "job1"]] : []), ["backup", file]]) {
        const { code, stdout, stderr } = await here(...words);
        assert.equal(code, exitCode.failure, `nexus ${words.join(" ")}: ${stdout}${stderr}`);
        assert.match(stderr, said ?? found);
        assert.match(stderr, /nothing was changed.* nexus.* repair\n.* nexus.* restore FILE --replace\n$/s);
        assert.equal(stdout, "");
      }
      assert.deepEqual(
        readdirSync(home).filter((name) => name.startsWith(`${paths.name}.`)),
        [],
        "no backup of it",
      );
      // Only for some: each start takes a while, and checks the same things as readers.
      if (said && /flipped|whole|store gone/.test(what)) {
        const { code, text } = await refusedStart(paths);
        assert.equal(code, exitCode.failure, text);
        assert.match(text, said);
      }
      const verified = await here("verify");
      assert.equal(verified.code, exitCode.failure, verified.stdout + verified.stderr);
      assert.match(verified.stdout + verified.stderr, found);
      const looked = await here("repair");
      assert.equal(looked.code, exitCode.failure);
      assert.match(looked.stdout, new RegExp(`^the store of ${paths.name} is damaged:\n`));
      assert.match(looked.stdout, found);
      assert.match(looked.stderr, /nothing was changed\..* nexus.* repair --accept-loss\n/s);

      const repaired = await here("repair", "--accept-loss", "--json");
      assert.equal(repaired.code, exitCode.done, repaired.stderr);
      const { kept, journal, journalEnd, evidenceLeftOut } = JSON.parse(repaired.stdout);
      assert.ok(existsSync(kept), "the damaged store is kept");
      assert.equal(journalEnd, records);
      const isJournals = !what.includes("evidence");
      assert.ok(isJournals ? journal < records : journal === records, `goes on after record ${journal}`);
      assert.ok(isJournals || evidenceLeftOut > 0);
      const whole = await here("repair");
      assert.equal(whole.code, exitCode.done, whole.stdout + whole.stderr);
      assert.match(whole.stdout, new RegExp(`the store of ${paths.name} is whole: journal to record ${journal}, `));
    });
  }
});

test("a restored store's lost end is noticed, even where only the server's index has it", async () => {
  const original = await wholeWorkspace();
  const file = join(home, "whole.nexus");
  assert.equal((await nexusHere("--workspace", original.name, "backup", file)).code, exitCode.done);
  const paths = workspacePaths("restored");
  assert.equal((await nexusHere("--workspace", paths.name, "restore", file)).code, exitCode.done);
  cut(paths, "JRN");
  forgetIndex(paths, "JRN");
  const { code, stderr } = await nexusHere("--workspace", paths.name, "list", "jobs");
  assert.equal(code, exitCode.failure, stderr);
  assert.match(stderr, /the journal ends with record 1\d, but record 26 was stored/);
  assert.match(stderr, /nexus --workspace restored repair\n/);

  const again = workspacePaths("again");
  assert.equal((await nexusHere("--workspace", again.name, "restore", file)).code, exitCode.done);
  scratch(again, "EV");
  const refused = await refusedStart(again);
  assert.equal(refused.code, exitCode.failure, refused.text);
  // nats-server 2.10.27 believes its index; 2.15.1 reads the block when it starts.
  assert.match(
    refused.text,
    /message 12 of the evidence is missing, and perhaps others before it|the evidence .* ends with message \d, but 12 was stored/,
  );
  assert.match(refused.text, /nexus --workspace again repair\n.*nexus --workspace again restore FILE/);
});

test("a store is missed if its exchange was cut off half-way, and can be restored", async () => {
  const paths = await wholeWorkspace();
  const file = join(home, "exchanged.nexus");
  const here = (...words: string[]): ReturnType<typeof nexusHere> => nexusHere("--workspace", paths.name, ...words);
  assert.equal((await here("backup", file)).code, exitCode.done);
  const words = [command, "--workspace", paths.name, "restore", file, "--replace"];
  const env = { ...process.env, ...killedAt("renameSync", /new-store\/store$/) };
  const restoring = spawn(process.execPath, words, { env, stdio: "ignore" });
  mustEnd(restoring.pid);
  const [, signal] = await once(restoring, "close");
  assert.equal(signal, "SIGKILL");
  const listed = await here("list", "jobs");
  assert.equal(listed.code, exitCode.failure, listed.stderr);
  assert.match(listed.stderr, /is damaged: it is empty, but record 26 of the journal was stored: an exchange of it/);
  const refused = await refusedStart(paths);
  const repaired = await here("repair", "--accept-loss");
  assert.equal(repaired.code, exitCode.failure, repaired.stdout);
  assert.match(repaired.stderr, /an exchange of it was cut off, and what was there is in \S+replaced-/);
  assert.match(refused.text, /is damaged: the journal is not there at all, but record 26 was stored/);
  assert.equal((await here("restore", file, "--replace")).code, exitCode.done);
  assert.match((await here("list", "jobs")).stdout, /total jobs listed: 1/);
});

test("an older copy of the store is recognised; another store's mark does not count", async () => {
  const paths = await wholeWorkspace();
  const older = join(home, "older");
  cpSync(paths.store, older, { recursive: true });
  const link = await linkWorkspace(paths, "coordinator");
  const led = { type: "led", term: 1, leader: "test", at: 0 } as const;
  await link.bus.store("jrn.ws.op", encodeEvents([led]), { msgId: "1.later.1" });
  await writeSnapshot(link.bus, await readJournal(link.bus));
  await link.close();
  await markAsStored(paths);
  const newer = join(home, "newer");
  renameSync(paths.store, newer);
  cpSync(older, paths.store, { recursive: true });
  const here = (...words: string[]): ReturnType<typeof nexusHere> => nexusHere("--workspace", paths.name, ...words);
  const ends = new RegExp(`the journal ends with record ${records}, but record ${records + 1} was stored`);
  assert.match((await here("list", "jobs")).stderr, ends);
  const verified = await here("verify");
  assert.equal(verified.code, exitCode.failure);
  assert.match(verified.stdout, ends);
  assert.match(
    verified.stderr,
    new RegExp(`the store itself is damaged; what can be done: {2}nexus --workspace ${paths.name} repair`),
  );

  // The newer store's KV bucket, which names that store's snapshot.
  for (const stream of ["KV_NEXUS", "BLOB"]) {
    rmSync(folderOf(paths, stream), { recursive: true });
    cpSync(join(newer, "jetstream/SWARM/streams", stream), folderOf(paths, stream), { recursive: true });
  }
  rmSync(paths.storeMark);
  const beyond = await here("verify");
  assert.match(
    beyond.stdout,
    new RegExp(`the snapshot is of record ${records + 1}, but the journal ends with record ${records}`),
  );

  const other = await wholeWorkspace();
  writeMark(other, { store: "2026-01-01T00:00:00Z", journal: 1000, evidence: 1000 });
  const unlike = await nexusHere("--workspace", other.name, "list", "jobs");
  assert.equal(unlike.code, exitCode.done, unlike.stderr);
});
