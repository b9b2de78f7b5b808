import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { livingEndpoint } from "../../../coordinator/endpoint/endpoint.ts";
import { streamInfo } from "../../../shared/broker/client/jetstream-api.ts";
import { linkWorkspace } from "../../../shared/broker/workspace-link.ts";
import type { WorkerId } from "../../../shared/domain/names.ts";
import { streams } from "../../../shared/wire/subjects.ts";
import { mustEnd } from "../../support/cleanup.ts";
import { eventually } from "../../support/patience.ts";
import { nexus } from "../../support/processes/nexus-command.ts";
import { lookMs, Swarm } from "../../support/processes/swarm.ts";
import { WatchedJournal } from "../../support/processes/watched-journal.ts";

const program = fileURLToPath(new URL("../../support/processes/flooder.js", import.meta.url));

const usedLines = new Set<string>();

/** A worker that publishes as fast as it can; resolves with its output after the broker has closed its connection. */
async function flood(swarm: Swarm, kind: "asks" | "evidence"): Promise<string> {
  const folder = join(swarm.folder, kind);
  mkdirSync(folder);
  // A flooder's join line is withdrawn, and another is shown.
  const line = await eventually("a line that nobody has used", () => {
    const shown = livingEndpoint(swarm.paths)?.joinLine ?? "";
    return usedLines.has(shown) ? undefined : shown;
  });
  usedLines.add(line);
  const child = spawn(process.execPath, [program, line, folder, `mal-${kind}`, kind], {
    env: swarm.env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  mustEnd(child.pid);
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  await new Promise((resolve) => child.once("close", resolve));
  return said;
}

test("workers that flood are cut off with the reason, and an honest one's runs all come to their ends", async () => {
  const swarm = new Swarm();
  await swarm.coordinator();
  swarm.worker("honest", ["--slots", "2"]);
  const job = await swarm.submit(swarm.probeSpec("short", { total_runs: 60 }, { seconds: 0.2, reports: 5 }));
  await swarm.when("it has begun", job, ({ ended }) => ended > 2);
  const reasons = { asks: /it (asked|sent) far more/, evidence: /it (stored|sent) / } as const;
  for (const kind of ["asks", "evidence"] as const) {
    assert.match(await flood(swarm, kind), /^enrolled\ncut off after \d+ messages/);
    const journal = new WatchedJournal(swarm.paths);
    const reason = await eventually(
      "the journal has the reason",
      async () => {
        const record = (await journal.now())?.workers.get(`mal-${kind}` as WorkerId);
        return record?.state === "benched" && record.isCutOff ? record.reason : undefined;
      },
      { everyMs: lookMs },
    );
    await journal.close();
    assert.match(reason, reasons[kind]);
  }
  const table = await swarm.when("all its runs have ended", job, ({ isOver }) => isOver);
  assert.deepEqual([table.outcomes.completed, table.outcomes.failed], [60, 0]);
  const { stdout } = await nexus(["list", "workers"], swarm.folder);
  assert.match(stdout, /mal-asks .*benched.*it (asked|sent) far more/);
  assert.match(stdout, /honest .*(idle|busy)/);

  // EV has its old limit again.
  const link = await linkWorkspace(swarm.paths, "viewer");
  await eventually(
    "EV is open again",
    async () => {
      const { config } = (await streamInfo(link.bus, streams.evidence)) ?? {};
      const { max_bytes: most = 0, metadata = {} } = (config ?? {}) as { max_bytes?: number; metadata?: object };
      return most > 1_000_000 && !("nexus-max-bytes" in metadata);
    },
    { everyMs: lookMs },
  );
  await link.close();
  assert.equal((await nexus(["admit", "mal-asks"], swarm.folder)).code, 0);
  assert.equal((await swarm.state()).workers.get("mal-asks" as WorkerId)?.isCutOff, false);
  await swarm.verify();
  await swarm.end();
});
