import { readdirSync } from "node:fs";
import { join } from "node:path";
import { newKey, type SealedSum, sealChunks } from "../../../shared/wire/sealed-chunks.ts";
import { pathsBelow } from "../../support/living-tree.ts";
import type { Act, Family, Found } from "../act.ts";
import { type Held, hold } from "../attacker/holding.ts";
import { handback, report, sealed } from "../attacker/words.ts";
import { type ExtraWorker, startExtraWorker } from "../ground/extra-worker.ts";
import { type Ground, ids } from "../ground/ground.ts";
import { probeSpec } from "../ground/specs.ts";
import { stateOf, trialIn } from "../ground/state.ts";

/**
 * A worker hands back runs with invalid states, and an honest worker gets them. Whatever state it gets, it must do the
 * run, from the beginning if the state is unusable.
 */
const pool = "pieces";
const u32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([0xdb]), u32(bytes.length), bytes]);
};
const bin = (value: Uint8Array, length = value.length): Buffer =>
  Buffer.concat([Buffer.from([0xc6]), u32(length), value]);
const mapping = (count: number, ...parts: readonly Uint8Array[]): Buffer =>
  Buffer.concat([Buffer.from([0xdf]), u32(count), ...parts]);

/** A state in the form of an honest worker's, with these files. */
const withFiles = (files: readonly (readonly [path: string, content: string])[], count = files.length): Buffer =>
  mapping(
    2,
    ...[text("v"), Buffer.from([1]), text("files")],
    mapping(count, ...files.flatMap(([path, content]) => [text(path), bin(Buffer.from(content))])),
  );

const paths: readonly string[] = [
  "../escaped",
  "../../escaped",
  "../../../../../../tmp/escaped",
  "/tmp/escaped",
  "a/../../escaped",
  "..",
  "a//b",
  "",
  "x\0y",
  "\x1b[2Jescaped",
  "x".repeat(1999),
  "d/".repeat(900),
];

/** Hostile contents of a state whose pieces are complete and properly sealed. */
const contents: readonly (readonly [title: string, bytes: Uint8Array])[] = [
  ["random bytes", Buffer.from("not a state at all".repeat(20))],
  ["one byte", Buffer.from([0xc1])],
  ["an empty mapping", Buffer.from([0x80])],
  ["a mapping of 4e9 fields", mapping(0xffffffff)],
  ["4e9 files", mapping(1, text("files"), mapping(0xffffffff))],
  ["10,001 files", withFiles(Array.from({ length: 10_001 }, (_, i) => [`f${i}`, ""]))],
  ["a file of 4 GB in 20 bytes", mapping(1, text("files"), mapping(1, text("a"), bin(Buffer.from("x"), 0xffffffff)))],
  [
    "a file twice",
    withFiles([
      ["a", "1"],
      ["a", "2"],
    ]),
  ],
  [
    "a file below a file",
    withFiles([
      ["a", "1"],
      ["a/b", "2"],
    ]),
  ],
  [
    "a file in the place of a folder",
    withFiles([
      ["a/b", "1"],
      ["a", "2"],
    ]),
  ],
  ["something behind its files", mapping(2, text("files"), mapping(0), text("v"), Buffer.from([1]))],
  ["bytes behind its end", Buffer.concat([withFiles([]), Buffer.from("more")])],
  ["half of it", withFiles([["a", "x".repeat(1000)]]).subarray(0, 500)],
  ["lists 100,000 deep", mapping(2, text("v"), Buffer.alloc(100_000, 0x91), text("files"), mapping(0))],
  ["an extension", mapping(2, text("v"), Buffer.from([0xd4, 0x69, 0]), text("files"), mapping(0))],
  ["a name of 4e9 bytes", Buffer.concat([Buffer.from([0x81, 0xdb]), u32(0xffffffff)])],
  ["__proto__", mapping(2, text("__proto__"), mapping(1, text("stage"), Buffer.from([9])), text("files"), mapping(0))],
  ...paths.map(
    (path) => [`a file called ${JSON.stringify(path).slice(0, 40)}`, withFiles([[path, "escaped"]])] as const,
  ),
];

/** The stored pieces of a state, and the size and checksum claimed for it. */
interface Forged {
  readonly chunks: readonly Uint8Array[];
  readonly sum: object;
}
type Forge = (key: Uint8Array) => Forged;

const whole =
  (bytes: Uint8Array): Forge =>
  (key) =>
    sealChunks(bytes, key);
const large = withFiles([["a", "x".repeat(600_000)]]);
const changed =
  (change: (made: { chunks: Uint8Array[]; sum: SealedSum }, key: Uint8Array) => Forged): Forge =>
  (key) =>
    change(sealChunks(large, key), key);

/** States whose pieces do not match their claimed size or checksum. */
const pieces: readonly (readonly [title: string, forge: Forge])[] = [
  ["another key", changed(({ sum }) => ({ chunks: sealChunks(large, newKey()).chunks, sum }))],
  ["another checksum", changed(({ chunks, sum }) => ({ chunks, sum: { ...sum, sha256: "0".repeat(64) } }))],
  ["a smaller size", changed(({ chunks, sum }) => ({ chunks, sum: { ...sum, size: sum.size - 1 } }))],
  ["a larger size", changed(({ chunks, sum }) => ({ chunks, sum: { ...sum, size: sum.size + 1 } }))],
  ["a size of 2^53", changed(({ chunks, sum }) => ({ chunks, sum: { ...sum, size: 2 ** 53 } }))],
  [
    "a size of a terabyte",
    changed(({ chunks, sum }) => ({ chunks, sum: { ...sum, size: 2 ** 40, chunks: Math.ceil(2 ** 40 / 262_116) } })),
  ],
  ["no size", changed(({ chunks, sum }) => ({ chunks, sum: { ...sum, size: 0, chunks: 0 } }))],
  ["a million pieces", changed(({ chunks, sum }) => ({ chunks, sum: { ...sum, chunks: 1_000_000 } }))],
  ["its pieces in another order", changed(({ chunks, sum }) => ({ chunks: chunks.toReversed(), sum }))],
  [
    "its first piece twice",
    changed(({ chunks, sum }) => ({ chunks: chunks.map(() => chunks[0] ?? Buffer.alloc(0)), sum })),
  ],
  ["no last piece", changed(({ chunks, sum }) => ({ chunks: chunks.slice(0, -1), sum }))],
  ["no piece at all", changed(({ sum }) => ({ chunks: [], sum }))],
  ["an empty piece", changed(({ chunks, sum }) => ({ chunks: chunks.map(() => Buffer.alloc(0)), sum }))],
  ["a piece of 900 kB", changed(({ chunks, sum }) => ({ chunks: chunks.map(() => Buffer.alloc(900_000)), sum }))],
  ["a piece that is cut", changed(({ chunks, sum }) => ({ chunks: chunks.map((each) => each.subarray(0, 100)), sum }))],
  [
    "a bit that has changed",
    changed(({ chunks, sum }) => ({ chunks: chunks.map((each) => Buffer.from(each).fill(7, 50, 51)), sum })),
  ],
  [
    "a piece of a smaller whole",
    changed(({ sum }, key) => ({ chunks: sealChunks(Buffer.alloc(1000), key).chunks, sum })),
  ],
  ["the name of another's blob", changed(({ chunks, sum }) => ({ chunks, sum: { ...sum, blob: `../${ids.victim}` } }))],
  ["a blob's name with a wildcard", changed(({ chunks, sum }) => ({ chunks, sum: { ...sum, blob: "*" } }))],
  ["2^53 iterations", changed(({ chunks, sum }) => ({ chunks, sum: { ...sum, iters: 2 ** 53 - 1 } }))],
  ["a stage that there is not", changed(({ chunks, sum }) => ({ chunks, sum: { ...sum, stage: 4096 } }))],
];

const forgeries: readonly (readonly [string, Forge])[] = [
  ...contents.map(([title, bytes]) => [`that has ${title}`, whole(bytes)] as const),
  ...pieces.map(([title, forge]) => [`with ${title}`, forge] as const),
];

interface Scene {
  readonly worker: ExtraWorker;
  readonly given: readonly Held[];
}

/**
 * The attacker takes every run of a job, stores a state for each, and hands them back; then an honest worker does them.
 */
async function play(ground: Ground): Promise<Scene> {
  const spec = probeSpec(
    ground.folder,
    { hp_tuning: false, total_runs: forgeries.length, compute_target: pool, retries: 3 },
    { reports: 2 },
  );
  const { output } = await ground.command(["run", ground.write("pieces.yaml", spec)]);
  const job = /job\d+/.exec(output)?.[0];
  if (job === undefined) throw new Error(`not submitted: ${output.slice(0, 300)}`);
  const client = await ground.as("worker");
  const given: Held[] = [];
  for (const [, forge] of forgeries) {
    const held = await hold(ground, "worker", { targets: [pool] });
    const key = newKey();
    const { chunks, sum } = forge(key);
    const at = `${ids.worker}.${held.job}.${held.n}`;
    for (const [i, piece] of chunks.entries())
      await client.ask(`ck.${at}.${held.attempt}.state-1.${i}`, piece, ground.inbox("worker"), 60_000);
    const state = { stage: 1, iters: 1, blob: "state-1", key, ...sum };
    const common = { attempt: held.attempt, claim: held.claimId };
    await client.ask(`ev.${at}.checkpoint`, report({ ...common, state }), ground.inbox("worker"), 60_000);
    given.push(held);
  }
  for (const held of given) {
    const at = `ev.${ids.worker}.${held.job}.${held.n}.released`;
    const said = handback({ attempt: held.attempt, claim: held.claimId });
    await client.ask(at, said, ground.inbox("worker"), 60_000);
  }
  const worker = startExtraWorker(ground, pool);
  await ground.until("the honest worker has done them", async () => {
    const table = (await stateOf(ground)).jobs.get(job as never);
    return table?.isOver === true || worker.program.exitCode !== undefined;
  });
  return { worker, given };
}

const scene = (ground: Ground): Promise<Scene> => {
  const known = ground.notes.get("pieces") as Promise<Scene> | undefined;
  const playing = known ?? play(ground);
  ground.notes.set("pieces", playing);
  return playing;
};

/** The harm: a file named `escaped`. */
function escaped(ground: Ground): Found {
  const outside = readdirSync("/tmp").map((name) => join("/tmp", name));
  const found = [...pathsBelow(ground.folder), ...outside].find((path) => path.endsWith("/escaped"));
  return found && `it wrote ${found}`;
}

const given = forgeries.map(
  ([title], i): Act => ({
    family: "pieces",
    role: "worker",
    title: `gives a run back with a state ${title}`,
    attempt: async (ground) => {
      await scene(ground);
    },
    harm: async (ground) => {
      const { worker, given: all } = await scene(ground);
      const held = all[i];
      if (!held) throw new Error("it was not given");
      if (worker.program.exitCode !== undefined)
        return `the honest worker has ended: ${worker.program.output().slice(-300)}`;
      const trial = trialIn(await stateOf(ground), held.job, held.n);
      if (trial.status !== "completed") return `${trial.run} is ${trial.status}: ${trial.reason}`;
      return escaped(ground);
    },
  }),
);

/** Pieces stored under names that are not the worker's own. */
const others = [
  `ck.${ids.victim}.job1.1.1.state-1.0`,
  `ck.${ids.honest}.job1.1.1.state-1.0`,
  `ck.${ids.worker.toUpperCase()}.job1.1.1.state-1.0`,
  "ck..job1.1.1.state-1.0",
  "ck",
  "blob.code.aaaa",
  "blob.code",
  "blob.snap.0",
].map(
  (subject): Act => ({
    family: "pieces",
    role: "worker",
    title: `stores a piece at ${subject}`,
    attempt: async (ground, mark) => {
      const client = await ground.as("worker");
      client.publish(subject, mark);
      await client.sync();
    },
    harm: (ground, mark) => {
      const [subject] = ground.observer.saw(mark);
      return subject && `it arrived at ${subject}`;
    },
  }),
);

/** Pieces under the worker's own name that belong to no run: they count against its quota, and nobody reads them. */
const odd = ["job999.1.1.x.0", "job1.1.1.state-1.99999999", "a.b.c.d.e.f.g", `${"x".repeat(200)}.0`].map(
  (place): Act => ({
    family: "pieces",
    role: "worker",
    title: `stores a piece of its own at ${place.slice(0, 40)}`,
    attempt: async (ground, mark) => {
      const client = await ground.as("worker");
      client.publish(`ck.${ids.worker}.${place}`, sealed({ mark }));
      await client.sync();
    },
    harm: (ground, mark) => {
      const subject = ground.observer.saw(mark).find((each) => each.startsWith("jrn."));
      return subject && `it is in the journal, at ${subject}`;
    },
  }),
);

export const piecesFamily: Family = {
  name: "pieces",
  origin: "6, own",
  acts: () => [...given, ...others, ...odd],
};
