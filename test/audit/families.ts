import type { Family } from "./act.ts";
import { bytes } from "./acts/bytes.ts";
import { cache } from "./acts/cache.ts";
import { claims } from "./acts/claims.ts";
import { enrolment } from "./acts/enrolment.ts";
import { evidence } from "./acts/evidence.ts";
import { files } from "./acts/files.ts";
import { floods } from "./acts/floods.ts";
import { joins } from "./acts/joins.ts";
import { journal } from "./acts/journal.ts";
import { listening } from "./acts/listening.ts";
import { machine } from "./acts/machine.ts";
import { mcp } from "./acts/mcp.ts";
import { metrics } from "./acts/metrics.ts";
import { orders } from "./acts/orders.ts";
import { packageFamily } from "./acts/package.ts";
import { piecesFamily } from "./acts/pieces.ts";
import { protocol } from "./acts/protocol.ts";
import { publishing } from "./acts/publishing.ts";
import { replies } from "./acts/replies.ts";
import { runs } from "./acts/runs.ts";
import { secrets } from "./acts/secrets.ts";
import { setups } from "./acts/setups.ts";
import { specsFamily } from "./acts/specs.ts";
import { tls } from "./acts/tls.ts";

/**
 * Families that `npm test` tries too: the fastest. Starting their workspace costs six seconds of CPU. Hostile bytes are in the
 * fuzzer's unit test instead.
 */
export const fastestFamilies: readonly Family[] = [publishing, listening, journal];

/** Families that take only seconds, and that `npm run system` tries. */
export const quickFamilies: readonly Family[] = [evidence, replies];

/** Every family, in the order in which they are tried: those that may bring the coordinator down come last. */
export const families: readonly Family[] = [
  publishing,
  listening,
  protocol,
  runs,
  setups,
  secrets,
  joins,
  tls,
  packageFamily,
  cache,
  mcp,
  metrics,
  machine,
  evidence,
  piecesFamily,
  orders,
  files,
  specsFamily,
  bytes,
  // Its acts retire the attacker's process, which then gets no more runs.
  claims,
  replies,
  journal,
  enrolment,
  floods,
];
