import { encodeWorkerList } from "../../../shared/broker/access/worker-list.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { packCode } from "../../../shared/wire/code-bundle.ts";
import { encode } from "../../../shared/wire/codec.ts";
import { newKey, sealChunks } from "../../../shared/wire/sealed-chunks.ts";
import { fromBase64, oldJson, oldMessages } from "../stories/old-forms.ts";
import { largest } from "./largest.ts";

/** A message, and the name of its decoder. */
export interface Sample {
  readonly form: string;
  readonly bytes: Uint8Array;
}

/** The key that opens the corpus's sealed pieces. */
export const pieceKey = newKey();

const sendable = ["ask", "control", "enrolment", "report", "checkpoint", "result", "failed", "released"];

/** The largest messages from a worker of this version or an invited machine: 4,096 trials, 60,000 report values. */
export const largeSamples = (): readonly Sample[] =>
  Object.values(largest(0.35)).filter(({ form }) => sendable.includes(form));

/** The largest admitted: from earlier workers after an outage, and invalid messages that fill the limits. */
export function fullSamples(): readonly Sample[] {
  const legal = Object.values(largest()).filter(({ form }) => sendable.includes(form));
  const many = (count: number, make: (i: number) => unknown): unknown[] =>
    Array.from({ length: count }, (_, i) => make(i));
  const held = many(9990, (i) => ({ job: `job${i + 1}`, n: 1.5, attempt: 2 ** 40 + i, iters: -1 }));
  return [
    ...legal,
    { form: "ask", bytes: encode({ v: 1, kind: "renew", bootId: "b", held }) },
    { form: "report", bytes: encode({ v: 1, attempt: 1, x: many(60_000, (i) => [1.5 + i, i]) }) },
    { form: "report", bytes: encode({ v: 1, attempt: 1, reports: many(20_000, () => [1, 1, 1, [0.5], ["x"]]) }) },
    { form: "result", bytes: encode({ v: 1, x: many(1000, (i) => ({ [`k${i % 30}`]: "x".repeat(i) })) }) },
    { form: "result", bytes: encode({ v: 1, x: many(1000, (i) => turned(i < 32 ? i : i % 30, 43)) }) },
    { form: "ask", bytes: encode({ v: 1, kind: "renew", bootId: "b", x: many(9900, (i) => turned(i % 62, 4)) }) },
    { form: "ask", bytes: encode({ v: 1, kind: "renew", bootId: "b", x: many(2000, (i) => turned(i, 40)) }) },
    { form: "ask", bytes: encode({ v: 1, kind: "claim", x: many(9900, () => ({ "1023": 1, "2046": 1, "3308": 1 })) }) },
    { form: "ask", bytes: encode({ v: 1, kind: "claim", x: many(4, (i) => sparse(9 * i)) }) },
    { form: "result", bytes: encode({ v: 1, attempt: 1, console: "\u20ac".repeat(400_000) }) },
  ];
}

/** An object of `keys` keys, in an order that differs with `turn`. */
function turned(turn: number, keys: number): object {
  const order = Array.from({ length: keys }, (_, k) => (k * (2 * turn + 1) + turn) % 43);
  return Object.fromEntries(order.map((k) => [`k${k}`, 1]));
}

/** An object with numeric keys, each as far from the last as the engine still keeps in one array. */
const sparse = (from: number): object =>
  Object.fromEntries(Array.from({ length: 9 }, (_, i) => [String((from + i) * 1023), 1]));

/**
 * Real messages of every form: those that version 0.1 sent and stored, and those that this version builds, each in
 * three sizes. Code is still zipped and pieces are still sealed.
 */
export function corpus(): readonly Sample[] {
  const sent = oldJson<readonly { readonly form: string; readonly bytes: string }[]>("wire.json.gz");
  const stored = oldMessages("evidence.jsonl.gz").flatMap(({ subject, data }) => {
    const form = subject.split(".").at(-1) ?? "";
    return data.length < 4000 ? [{ form, bytes: data }] : [];
  });
  const records = oldMessages("journal.jsonl.gz").map(({ data }) => ({ form: "record", bytes: data }));
  const built = [0.0001, 0.0005, 0.002].flatMap((size) => Object.values(largest(size)));
  const files = packCode([
    { path: "train.py", isExecutable: true, bytes: Buffer.from("print(1)\n") },
    { path: "lib/a.js", isExecutable: false, bytes: Buffer.from("export default 1;\n") },
  ]);
  const { chunks } = sealChunks(Buffer.from("a run's state"), pieceKey);
  const workerUsers = Array.from({ length: 5 }, (_, i) => ({
    id: `pc-${i}` as WorkerId,
    publicKey: `U${"A".repeat(55)}`,
  }));
  const run = { v: 1, stage: 1, iters: 5, hours: 0.1, summary: { value: 1, count: 1 }, metrics: { "s1-rew": 1 } };
  const row = [1, 10, 0.1, [0.5], [1]];
  const told = { id: 1, reports: [row, row], lines: "x\n" };
  return [
    ...sent.map(({ form, bytes }) => ({ form, bytes: fromBase64(bytes) })),
    ...stored.slice(0, 60),
    ...records.slice(0, 60),
    ...built,
    { form: "code", bytes: files.zipped },
    { form: "piece", bytes: chunks[0] ?? new Uint8Array(0) },
    { form: "worker list", bytes: encodeWorkerList({ workers: workerUsers, invites: [] }) },
    { form: "run state", bytes: encode({ ...run, state: new Uint8Array(8), files: { "a.txt": new Uint8Array(3) } }) },
    { form: "from runner", bytes: encode({ ...told, type: "reports" }) },
    {
      form: "from runner",
      bytes: encode({ ...told, type: "done", hpmax: 1, iters: 1, metrics: {}, titles: {}, console: "x" }),
    },
    {
      form: "from runner",
      bytes: encode({ ...told, type: "checkpoint", state: { stage: 1, iters: 1, bytes: new Uint8Array(9) } }),
    },
  ];
}
