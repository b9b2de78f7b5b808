import { createInterface } from "node:readline";
import { holdBroker } from "../../../shared/broker/server/server.ts";
import { workspaceAt } from "../../../shared/machine/workspace.ts";

/**
 * A process that holds a workspace's broker, for a test to kill: `broker-holder.js <workspace folder> <options>`.
 * Prints `held {...}` or `failed <message>`; releases the broker and ends when it reads `release`.
 */
const [dir = "", options = "{}"] = process.argv.slice(2);
try {
  const broker = await holdBroker(workspaceAt(dir), {
    log: (line) => console.log(`log ${line}`),
    ...JSON.parse(options),
  });
  const { url, port, adopted } = broker;
  console.log(`held ${JSON.stringify({ url, port, adopted })}`);
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === "release") break;
  }
  await broker.release();
  console.log("released");
  process.exit(0);
} catch (error) {
  console.log(`failed ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
