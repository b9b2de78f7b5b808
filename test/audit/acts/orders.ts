import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { operatorName } from "../../../shared/broker/access/credentials.ts";
import type { Act, Family, Found } from "../act.ts";
import { order } from "../attacker/words.ts";
import { type Ground, ids, type Role } from "../ground/ground.ts";
import { stateOf } from "../ground/state.ts";

/** Every order that changes something, as somebody without the right to give orders would write it. */
const kinds: readonly (readonly [title: string, fields: Readonly<Record<string, unknown>>])[] = [
  ["edit of the number of runs", { kind: "edit", job: "job1", changes: { totalRuns: 1 } }],
  ["edit of its end", { kind: "edit", job: "job1", changes: { deadline: 1, maxJobSeconds: 0.001 } }],
  [
    "edit of when it stops",
    { kind: "edit", job: "job1", changes: { stopWhen: { name: "hpmax", op: ">", value: -1 } } },
  ],
  ["edit of nothing", { kind: "edit", job: "job1", changes: {} }],
  ["deletion", { kind: "delete", job: "job1" }],
  ["deletion of what is not there", { kind: "delete", job: "job999" }],
  ["purge of what counts", { kind: "purge", worker: ids.honest, all: true }],
  ["purge of a benched worker", { kind: "purge", worker: ids.benched, all: false }],
  ["rotation", { kind: "rotate" }],
  ["withdrawal", { kind: "withdraw", invite: "aaaaaaaa" }],
  ["invitation", { kind: "invite", publicKey: `U${"A".repeat(55)}`, expiresAt: 4e12, uses: null, targets: [] }],
  [
    "invitation as a line",
    { kind: "invite", publicKey: `U${"A".repeat(55)}`, expiresAt: 4e12, uses: null, targets: [], line: "x" },
  ],
  ["admission", { kind: "admit", worker: ids.benched }],
  ["bench", { kind: "bench", worker: ids.victim }],
  ["revocation", { kind: "revoke", worker: ids.victim, reason: "because" }],
  ["removal", { kind: "forget", worker: ids.revoked }],
  ["rejection of a worker's results", { kind: "reject", job: "job1", trials: [], worker: ids.honest, reason: "x" }],
  ["rejection of one result", { kind: "reject", job: "job1", trials: [1], worker: null, reason: "x" }],
  ["acceptance", { kind: "accept", job: "job1", trials: [], worker: ids.honest, reason: "x" }],
  ["release", { kind: "release", job: "job1" }],
  ...(["pause", "drain", "stop", "cancel", "resume"] as const).map(
    (verb) => [verb, { kind: "control", verb, target: { kind: "job", job: "job1" } }] as const,
  ),
  ["cancel of a worker", { kind: "control", verb: "cancel", target: { kind: "worker", worker: ids.honest } }],
  ["cancel of runs", { kind: "control", verb: "cancel", target: { kind: "runs", job: "job1", trials: [1, 2, 3] } }],
];

/** Signatures of orders made without an operator's password. */
const proofs: readonly (readonly [title: string, fields: Readonly<Record<string, unknown>>])[] = [
  ["without a signature", {}],
  ["with a signature of zeros", { reign: new Uint8Array(16), proof: new Uint8Array(32) }],
  ["with an empty signature", { reign: new Uint8Array(0), proof: new Uint8Array(0) }],
];

const givers: readonly Role[] = ["nobody", "joiner", "worker", "benched", "viewer", "operator"];
const subjects = [`op.${operatorName()}`, "op.root", `op.${ids.worker}`];

/** The harm: an order that was carried out is in the journal with its id. */
const carriedOut = (ground: Ground, mark: string): Found => {
  const subject = ground.observer.saw(mark).find((each) => each.startsWith("jrn."));
  return subject && `it is in the journal, at ${subject}`;
};

const given = givers.flatMap((role) =>
  kinds.flatMap(([what, fields]) =>
    proofs.map(([how, proof], i): Act => {
      const subject = subjects[i % subjects.length] ?? "op.root";
      return {
        family: "orders",
        role,
        title: `gives the order ${what} ${how} at ${subject}`,
        attempt: async (ground, mark) => {
          const client = await ground.as(role);
          client.publish(subject, order({ op: mark, ...fields, ...proof }), { reply: `${ground.inbox(role)}.x` });
          await client.sync();
        },
        harm: carriedOut,
      };
    }),
  ),
);

/** Commands typed with the credentials of a viewer, who may only look. */
const typed: readonly (readonly string[])[] = [
  ["edit", "job1", "--total-runs", "1"],
  ["delete", "job1", "--yes"],
  ["purge", "worker", ids.benched, "--yes"],
  ["cancel", "job1", "--yes"],
  ["pause", "job1"],
  ["reject", "--worker", ids.honest, "--yes", "--reason", "x"],
  ["workers", "revoke", ids.victim, "--yes"],
  ["workers", "forget", ids.revoked, "--yes"],
  ["admit", ids.benched],
  ["invite"],
  ["rotate"],
];
const asViewer = typed.map(
  (words): Act => ({
    family: "orders",
    role: "viewer",
    title: `types nexus ${words.join(" ")}`,
    attempt: async (ground) => {
      const elsewhere = join(ground.folder, "viewer.json");
      copyFileSync(join(ground.paths.secrets, "viewer.json"), elsewhere);
      const env = { XDG_DATA_HOME: join(ground.folder, "elsewhere"), XDG_STATE_HOME: join(ground.folder, "elsewhere") };
      const { code } = await ground.command(["--nats", ground.broker.url, "--creds", elsewhere, ...words], env);
      ground.notes.set(`typed ${words.join(" ")}`, code);
    },
    harm: async (ground) => {
      if (ground.notes.get(`typed ${words.join(" ")}`) === 0) return "nexus says that it was done";
      const { jobs, workers } = await stateOf(ground);
      const job = jobs.get("job1" as never);
      if (!job || job.isOver || job.state !== "searching" || job.rejected.size > 0)
        return `job1 is ${job?.state ?? "gone"}`;
      if (job.submitted.settings.totalRuns !== 1_000_000) return "job1 has another number of runs";
      if (workers.get(ids.victim as never)?.state !== "admitted") return `${ids.victim} is no longer admitted`;
      return workers.get(ids.benched as never)?.state === "benched" ? undefined : `${ids.benched} is admitted`;
    },
  }),
);

export const orders: Family = {
  name: "orders",
  origin: "8, own",
  acts: () => [...given, ...asViewer],
  // A signed order is carried out, and the look sees it.
  control: async (ground, mark) => {
    ground.observer.forget();
    const { code } = await ground.command(["reject", "run1.1", "--reason", mark, "--yes"]);
    await ground.command(["accept", "run1.1"]);
    await ground.settle();
    if (code !== 0) return "an operator's own order was refused";
    return carriedOut(ground, mark) === undefined ? "an operator's order was not seen in the journal" : undefined;
  },
};
