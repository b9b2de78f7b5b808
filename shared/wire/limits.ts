import type { MessageLimits } from "./reader.ts";

/**
 * What a message of each kind may hold: what our programs can really send, with room for fields that later versions
 * add. Each kind's own checks are stricter: how long a name is, how many metrics there are. A worker's message takes at
 * most 5 ms of CPU to read, whatever it holds; a message that only a leader or an operator sends may take longer.
 *
 * Everything that came over the network or was stored by a worker is read under one of these limits, stored messages
 * too: test/unit/shared/wire/limits.test.ts builds the largest that earlier versions could send.
 */

/**
 * A broker takes messages of up to 1 MB unless its owner allows more; our largest (a job with its code, a report of
 * many metrics) fill that. Twice as much passes here, for brokers that are not ours. Text and bytes cost hardly more
 * than copying them.
 */
const mostBytes = 2 * 1024 ** 2;

/**
 * Our largest messages have a dozen orders of keys, because fields may be left out. A job's sources and a checkpoint's
 * files may have numbers as names; they are one mapping each.
 */
export const fewShapes = { shapes: 32, numbered: 4 };

/** Most slots of a worker, for `--slots` too. Each is a process, and no machine has room for so many. */
export const mostSlots = 4096;
/** Most milliseconds that a worker may take to hand its runs back, for `--grace` too. */
export const mostGraceMs = 3_600_000;
/** Most GPUs, or parts of divided ones, that a worker lends. */
export const mostGpus = 256;
/** Most trials that a renewal names: those in the slots, and those whose end is still on its way to the broker. */
export const mostHeld = 10_000;

/** A claim has 18 fields, up to 100 targets and 256 GPUs; a question about a job 2. A renewal has 4 fields for each trial. */
export const askLimits: MessageLimits = {
  bytes: mostBytes,
  depth: 4,
  values: 9 * mostHeld + 500,
  lists: 16,
  mappings: mostHeld + 10,
  texts: mostHeld + 200,
  words: 48,
  ...fewShapes,
};

/**
 * The answer to such a renewal has 8 fields for each trial, one of them a mapping of 2. The answer about a job has its
 * spec, whose sources and command line are a mapping each, with a name for each component.
 */
export const answerLimits: MessageLimits = {
  bytes: mostBytes,
  depth: 8,
  values: 21 * mostHeld + 25_000,
  lists: 100,
  mappings: 2 * mostHeld + 100,
  texts: 3 * mostHeld + 21_000,
  words: 12_000,
  ...fewShapes,
};

/** A kind, a term and a job. */
export const controlLimits: MessageLimits = {
  bytes: 1024,
  depth: 2,
  values: 32,
  lists: 4,
  mappings: 4,
  texts: 8,
  words: 16,
  ...fewShapes,
};

/**
 * An order to run has a spec and up to 15,000 runs of earlier searches, each with 3 fields and a position for each
 * hyperparameter. An order about runs names up to 100,000. Only operators send orders, and 1 MB holds no more values.
 */
export const orderLimits: MessageLimits = {
  bytes: mostBytes,
  depth: 8,
  values: 1_000_000,
  lists: 32_000,
  mappings: 32,
  texts: 120_000,
  words: 12_000,
  ...fewShapes,
};

/** A few sentences of at most 100,000 characters. */
export const orderAnswerLimits: MessageLimits = {
  bytes: 512 * 1024,
  depth: 2,
  values: 64,
  lists: 4,
  mappings: 4,
  texts: 16,
  words: 32,
  ...fewShapes,
};

/** A worker's name, key and host, and its proofs. Anybody with an invitation may send one. */
export const enrolmentLimits: MessageLimits = {
  bytes: 4096,
  depth: 2,
  values: 64,
  lists: 4,
  mappings: 4,
  texts: 32,
  words: 32,
  ...fewShapes,
};

/** Most reports in one message: our workers send 2,000 together; earlier ones sent up to this after an outage. */
export const mostReports = 20_000;
/** Metrics of a run, those of all its stages together: columns of the run table, which go into the journal and stay there. */
export const mostMetrics = 100;
/** Metrics of one report: a message of 1 MB holds no more of 100 reports. */
export const mostMeasured = 1000;

/**
 * A report of k metrics has 6 + 2k values in 3 lists. 20,000 reports of one metric have 160,000 values, and 2,000 reports of 40
 * metrics, which fill 1 MB, 172,000. A run leaves up to 1,000 files, with 4 fields each, two of them texts; a result
 * has up to 100 metrics and their titles.
 */
const testified = {
  bytes: 1.25 * 1024 ** 2,
  depth: 5,
  values: 180_000,
  lists: 3 * mostReports + 32,
  mappings: 8,
  texts: 48,
  words: 48,
  ...fewShapes,
};
const files = { mappings: 1024, texts: 2048 };
export const evidenceLimits = {
  report: testified,
  checkpoint: testified,
  result: { ...testified, mappings: files.mappings, texts: files.texts + 150, words: 300 },
  failed: { ...testified, ...files },
  /** A reason and a console; no reports. */
  released: { bytes: 512 * 1024, depth: 3, values: 64, lists: 8, mappings: 8, texts: 32, words: 32, ...fewShapes },
} as const satisfies Readonly<Record<string, MessageLimits>>;

/** In columns: 23 values for each worker, with up to 100 pools, and 5 for each lease. Only the leader sends it. */
export const statusLimits: MessageLimits = {
  bytes: mostBytes,
  depth: 5,
  values: 1_000_000,
  lists: 110_000,
  /** One for each job that a worker cannot run. */
  mappings: 4000,
  texts: 400_000,
  words: 64,
  ...fewShapes,
  /** As many as mappings, so that orders of keys are never counted. */
  shapes: 4000,
};

/** Entries of the bucket: who leads, and where the newest snapshot is. Only coordinators write them. */
export const entryLimits: MessageLimits = { ...orderAnswerLimits, bytes: 4096 };

/** The list of a bundle's files: path, mode and size for each of up to 20,000. */
export const listLimits: MessageLimits = {
  bytes: 5 * 1024 ** 2,
  depth: 4,
  values: 80_100,
  lists: 20_010,
  mappings: 0,
  texts: 20_010,
  words: 0,
  ...fewShapes,
};

/** A job's code once unzipped: a list of path, mode and bytes for each of up to 2,000 files. */
export const codeLimits: MessageLimits = {
  bytes: 64 * 1024 ** 2,
  depth: 4,
  values: 8100,
  lists: 2100,
  mappings: 0,
  texts: 4100,
  words: 0,
  ...fewShapes,
};
