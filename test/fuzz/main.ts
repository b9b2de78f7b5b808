import { parseArgs } from "node:util";
import { BadMessage } from "../../shared/wire/check.ts";
import { corpus, fullSamples, largeSamples, pieceKey } from "../support/wire/corpus.ts";
import { decoders, otherDecoders } from "../support/wire/decoders.ts";
import { drawFrom, mutated } from "../support/wire/mutate.ts";
import { OwnSpeed } from "./own-speed.ts";

/**
 * `npm run fuzz -- --messages N [--seed S]`: sends mutated messages through every decoder. It fails on any error but a
 * BadMessage, on a message that takes more than 5 ms of CPU, and if memory grows. Message `i` depends only on the seed
 * and `i`. With `--fullest`, one message in 5,000 is as large as the limits allow, which takes 3 to 4 ms on an idle
 * machine.
 */

const mostMs = 5;
/** A slow message is measured this many times again: garbage collection and other processes take time too. */
const repeats = 10;
const mostHeapGrowth = 16 * 1024 ** 2;
const mostRssGrowth = 96 * 1024 ** 2;
const mb = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(1)} MB`;

const { values } = parseArgs({
  options: {
    messages: { type: "string" },
    seed: { type: "string" },
    from: { type: "string" },
    fullest: { type: "boolean" },
  },
});
const count = wholeNumber("--messages", values.messages ?? "100000");
const seed = wholeNumber("--seed", values.seed ?? "1");
const first = wholeNumber("--from", values.from ?? "0");

const samples = corpus();
/** One message in this many is large. */
const largeEach = 5000;
const large = values.fullest ? fullSamples() : largeSamples();
const all = { ...decoders, ...otherDecoders(pieceKey) };
const forms = Object.keys(all);

let passed = 0;
let slowest = { i: 0, form: "", ms: 0, bytes: 0 };
let memory = { heap: 0, rss: 0 };
/** Messages before memory is first measured: by then all code is compiled and every buffer has its size. */
const settledAt = Math.min(Math.floor(count / 5), 500_000);
const speed = new OwnSpeed();
warmUp();
const started = performance.now();

for (let i = first; i < first + count; i++) {
  const draw = drawFrom(seed, i);
  const { form: own, bytes } = mutated(draw(largeEach) === 0 ? large : samples, draw);
  // A sender may also send one kind of message where another is expected.
  const form = draw(10) === 0 ? (forms[draw(forms.length)] ?? own) : own;
  const begun = performance.now();
  if (tried(form, bytes, i)) passed += 1;
  let ms = performance.now() - begun;
  if (ms > mostMs || (ms > slowest.ms && ms > 0.5)) {
    ms = speed.least(repeats, () => tried(form, bytes, i));
    if (ms > mostMs) fail(i, form, `${ms.toFixed(1)} ms of CPU for ${bytes.length} bytes; at most ${mostMs}`);
  }
  if (ms > slowest.ms) slowest = { i, form, ms, bytes: bytes.length };
  if (i - first === settledAt) memory = used();
  if (i % 5000 === 0) speed.look();
  // zlib frees its memory in a turn of the event loop, which a program has between messages.
  if (i % 200 === 0) await new Promise((resolve) => setImmediate(resolve));
  if ((i - first + 1) % 500_000 === 0) progress(i - first + 1);
}
progress(count);
const end = used();
const growth = { heap: end.heap - memory.heap, rss: end.rss - memory.rss };
process.stdout.write(
  `seed ${seed}: ${count} messages, ${passed} of them passed; no crash, no error but a refusal\n` +
    `slowest: ${slowest.ms.toFixed(2)} ms of CPU, message ${slowest.i}, ${slowest.bytes} bytes as ${slowest.form}\n` +
    `memory after ${settledAt} messages and at the end: heap ${mb(memory.heap)}, ${mb(end.heap)}; RSS ${mb(memory.rss)}, ${mb(end.rss)}\n`,
);
if (growth.heap > mostHeapGrowth || growth.rss > mostRssGrowth) {
  process.stdout.write(`FAILED: memory grew by ${mb(growth.heap)} of heap and ${mb(growth.rss)} of RSS\n`);
  process.exitCode = 1;
}

/** Runs until the engine has compiled the decoders, as in a coordinator that has run for a minute. */
function warmUp(): void {
  for (let i = 0; i < 30_000; i++) {
    const { form, bytes } = mutated(i % 1000 === 0 ? large : samples, drawFrom(0, i));
    tried(form, bytes, i);
    if (i % 100 === 0) speed.look();
  }
}

/** Whether the decoder accepted the message. */
function tried(form: string, bytes: Uint8Array, i: number): boolean {
  try {
    all[form]?.(bytes);
    return true;
  } catch (error) {
    if (error instanceof BadMessage) {
      if (error.message.length > 400) fail(i, form, "the refusal is longer than any of ours");
      return false;
    }
    return fail(i, form, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

function used(): typeof memory {
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  return { heap: heapUsed, rss };
}

function progress(done: number): void {
  const seconds = (performance.now() - started) / 1000;
  process.stdout.write(
    `${done} messages in ${seconds.toFixed(0)} s, ${(done / seconds).toFixed(0)} a second; slowest ${slowest.ms.toFixed(2)} ms; RSS ${mb(process.memoryUsage().rss)}\n`,
  );
}

function fail(i: number, form: string, why: string): never {
  process.stdout.write(
    `FAILED at message ${i} (${form}): ${why}\nagain: npm run fuzz -- --seed ${seed} --from ${i} --messages 1\n`,
  );
  process.exit(1);
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  process.stderr.write(`${option}: expected a whole number, found ${JSON.stringify(text)}\n`);
  process.exit(2);
}
