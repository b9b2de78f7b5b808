import type { WorkerNode } from "../node/node.ts";

/** What the owner's rules decide of a worker. */
export type Lender = Pick<
  WorkerNode,
  "running" | "lend" | "resize" | "limitRuns" | "throttle" | "handBackNewest" | "finishAfter" | "finish"
>;
