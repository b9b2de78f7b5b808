import { existsSync, readFileSync } from "node:fs";
import { nkeys } from "nats";
import { pause } from "../../../shared/time/deadline.ts";
import type { Act, Family } from "../act.ts";
import { enrolSubject, joinersTurn, signedWith } from "../attacker/joining.ts";
import { type Ground, ids, type Role } from "../ground/ground.ts";
import { forgetState, sharedState } from "../ground/state.ts";

const newKey = (): string => nkeys.createUser().getPublicKey();
const swapLast = (key: string): string => key.slice(0, -1) + (key.endsWith("A") ? "B" : "A");
const swapAt = (key: string, i: number): string => key.slice(0, i) + (key[i] === "A" ? "B" : "A") + key.slice(i + 1);

/** Keys that make nats-server refuse its whole list of users. */
const keys: readonly (readonly [string, () => unknown])[] = [
  ["with a wrong checksum", () => swapLast(newKey())],
  ["with a wrong first byte", () => swapAt(newKey(), 1)],
  ["with a changed middle", () => swapAt(newKey(), 30)],
  ["of zeros", () => `U${"A".repeat(55)}`],
  ["of an account", () => nkeys.createAccount().getPublicKey()],
  ["of an operator", () => nkeys.createOperator().getPublicKey()],
  ["of a server", () => nkeys.createServer().getPublicKey()],
  ["of a cluster", () => nkeys.createCluster().getPublicKey()],
  ["of 55 letters", () => newKey().slice(1)],
  ["of 57 letters", () => `${newKey()}A`],
  ["in lower case", () => newKey().toLowerCase()],
  ["that is empty", () => ""],
  ["that closes the list", () => `${newKey()}" } ] }`],
  ["with a new line", () => `${newKey()}\n  { user: "x" }`],
  ["that includes a file", () => `include "/etc/passwd"`],
  ["that names a variable", () => "$JWT"],
  ["that is a seed", () => Buffer.from(nkeys.createUser().getSeed()).toString()],
  ["with a space", () => ` ${newKey()}`],
  ["that is a number", () => 7],
  ["that is a list", () => [newKey()]],
  ["that is missing", () => undefined],
];

const names: readonly unknown[] = [
  "all",
  "enrol",
  "",
  "A",
  "-x",
  "a.b",
  "a b",
  ">",
  "*",
  "../x",
  "x".repeat(49),
  "x\n",
  'x", "ev.>',
  "__proto__",
  "\u0430dmin",
  "ｖic",
  "x\u0000",
  7,
  null,
  ["vic"],
];

const hosts: readonly string[] = [
  "\x1b]0;owned\x07",
  "=HYPERLINK(1)",
  "\u202etxt.exe",
  "a\r\nb",
  "x".repeat(257),
  "x".repeat(200_000),
];

/** Asks to enrol as a machine that has the join code; the answer is ignored. */
async function ask(
  ground: Ground,
  role: Role,
  fields: Readonly<Record<string, unknown>>,
  isPaced = role === "joiner",
): Promise<void> {
  const pair = nkeys.createUser();
  const honest = { publicKey: pair.getPublicKey(), ...fields };
  const client = await ground.as(role);
  if (isPaced) await joinersTurn();
  client.publish(enrolSubject(ground), signedWith(ground.joinLine, honest, pair.getSeed()), {
    reply: `${ground.inbox("joiner")}.x`,
  });
  await client.sync();
}

const badKeys = keys.map(
  ([title, key]): Act => ({
    family: "enrolment",
    role: "joiner",
    title: `enrols a key ${title}`,
    attempt: (ground, mark) => {
      forgetState(ground);
      return ask(ground, "joiner", { worker: mark, publicKey: key() });
    },
    harm: async (ground, mark) =>
      [...(await sharedState(ground)).workers.keys()].some((id) => id.includes(mark))
        ? "the journal has the worker"
        : undefined,
  }),
);

const badNames = names.map(
  (name): Act => ({
    family: "enrolment",
    role: "joiner",
    title: `enrols as ${JSON.stringify(name).slice(0, 60)}`,
    attempt: (ground, mark) => {
      forgetState(ground);
      return ask(ground, "joiner", { worker: name, op: mark, host: mark });
    },
    harm: async (ground, mark) => {
      const worker = [...(await sharedState(ground)).workers.values()].find(({ host }) => host === mark);
      return worker && `the journal has ${JSON.stringify(worker.id)}`;
    },
  }),
);

const takenNames = Object.values(ids).map(
  (id): Act => ({
    family: "enrolment",
    role: "joiner",
    title: `takes over the name ${id} with a key of its own`,
    attempt: (ground, mark) => {
      forgetState(ground);
      return ask(ground, "joiner", { worker: id, host: mark });
    },
    harm: async (ground, mark) => {
      const owner = [...(await sharedState(ground)).workers.values()].find(({ host }) => host === mark);
      return owner?.id === id ? `${id} has the attacker's key` : undefined;
    },
  }),
);

const badHosts = hosts.map(
  (host): Act => ({
    family: "enrolment",
    role: "joiner",
    title: `enrols from the host ${JSON.stringify(host).slice(0, 40)}`,
    attempt: (ground, mark) => ask(ground, "joiner", { worker: mark, host: `${host}${mark}` }),
    harm: async (ground, mark) => {
      // Printed once for all these acts.
      const known = ground.notes.get("list workers") as Promise<{ output: string }> | undefined;
      const printed = known ?? ground.command(["list", "workers"]);
      ground.notes.set("list workers", printed);
      const shown = await printed;
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not come through
      const raw = /[\x00-\x08\x0b-\x1f\x7f]|\u202e/.test(Buffer.from(shown.output, "latin1").toString("utf8"));
      return raw ? `nexus list workers prints it raw (${mark})` : undefined;
    },
  }),
);

/** A machine may enrol only with a code: other credentials must not do, nor answers that cross accounts. */
const others = (["nobody", "stranger", "worker", "benched", "viewer", "operator"] as const).map(
  (role): Act => ({
    family: "enrolment",
    role,
    title: "enrols a worker without the join code",
    attempt: async (ground, mark) => {
      forgetState(ground);
      await ask(ground, role, { worker: mark });
    },
    harm: async (ground, mark) =>
      (await sharedState(ground)).workers.has(mark as never) ? "the journal has the worker" : undefined,
  }),
);

/** Finding 5: the server hands out a worker's stored message with `enrol` as the reply subject. */
const relayed = ["enrol", "enrol.x", "enrol.>", "enrol.ID"].map(
  (reply): Act => ({
    family: "enrolment",
    role: "worker",
    title: `enrols a worker by a direct get that answers on ${reply}`,
    attempt: async (ground, mark) => {
      forgetState(ground);
      const client = await ground.as("worker");
      const at = `ck.${ids.worker}.${mark}`;
      await client.ask(
        at,
        signedWith(ground.joinLine, { worker: mark, publicKey: newKey() }),
        ground.inbox("worker"),
        60_000,
      );
      client.publish(`$JS.API.DIRECT.GET.BLOB.${at}`, "", {
        reply: reply === "enrol.ID" ? enrolSubject(ground) : reply,
      });
      await client.sync();
    },
    harm: async (ground, mark) =>
      (await sharedState(ground)).workers.has(mark as never) ? "the journal has the worker" : undefined,
  }),
);

/** Enrolments with the code but wrong proofs: nobody may pass on a copy, or enrol a key that is not his own. */
const forgedProofs: readonly (readonly [title: string, fields: (ground: Ground) => Record<string, unknown>])[] = [
  ["no proofs", () => ({ inviteProof: undefined, ownProof: undefined })],
  ["empty proofs", () => ({ inviteProof: new Uint8Array(0), ownProof: new Uint8Array(0) })],
  ["proofs that are zeros", () => ({ inviteProof: new Uint8Array(64), ownProof: new Uint8Array(64) })],
  ["proofs that are text", () => ({ inviteProof: "A".repeat(86), ownProof: "A".repeat(86) })],
  ["a proof of another key", () => ({ publicKey: newKey() })],
  ["another invitation's id", () => ({ invite: "aaaaaaaa" })],
  ["an invitation named __proto__", () => ({ invite: "__proto__" })],
  ["an invitation that is a list", () => ({ invite: ["aaaaaaaa"] })],
  ["pools of its own choice", () => ({ targets: ["gpu"], inviteProof: undefined })],
  ["the victim's key", (ground) => ({ publicKey: publicKeyOf(ground.credentials("victim").seed ?? "") })],
  ["a proof of 100,000 characters", () => ({ inviteProof: "A".repeat(100_000) })],
  ["an op of 100,000 characters", () => ({ op: "o".repeat(100_000) })],
];
const publicKeyOf = (seed: string): string => nkeys.fromSeed(Buffer.from(seed)).getPublicKey();

const unproven = forgedProofs.map(
  ([title, fields]): Act => ({
    family: "enrolment",
    role: "joiner",
    title: `enrols with ${title}`,
    attempt: (ground, mark) => {
      forgetState(ground);
      return ask(ground, "joiner", { worker: mark, ...fields(ground) });
    },
    harm: async (ground, mark) =>
      (await sharedState(ground)).workers.has(mark as never) ? "the journal has the worker" : undefined,
  }),
);

/** An enrolment's exact message, repeated by somebody who has heard it. */
const replay: Act = {
  family: "enrolment",
  role: "joiner",
  title: "has an enrolment said again 20 times",
  attempt: async (ground, mark) => {
    const pair = nkeys.createUser();
    const message = signedWith(ground.joinLine, { worker: mark, publicKey: pair.getPublicKey() }, pair.getSeed());
    const client = await ground.as("joiner");
    for (let i = 0; i < 20; i += 1) {
      await joinersTurn();
      client.publish(enrolSubject(ground), message);
    }
    await client.sync();
    await pause(1000);
    forgetState(ground);
  },
  harm: async (ground, mark) => {
    const made = [...(await sharedState(ground)).workers.keys()].filter((id) => id.startsWith(mark)).length;
    return made > 1 ? `it made ${made} workers` : undefined;
  },
};

const many = 150;

/** Finding 16: many machines with one code, at once. */
const flood: Act = {
  family: "enrolment",
  role: "joiner",
  title: `enrols ${many} machines in one go`,
  watch: { cpuMs: 20_000, growthMb: 200 },
  attempt: async (ground, mark) => {
    const startedAt = performance.now();
    for (let i = 0; i < many; i += 1) await ask(ground, "joiner", { worker: `${mark}-${i}` }, false);
    await pause(3000);
    forgetState(ground);
    ground.notes.set(mark, Math.ceil((performance.now() - startedAt) / 60_000));
  },
  harm: async (ground, mark) => {
    const made = [...(await sharedState(ground)).workers.keys()].filter((id) => id.startsWith(mark)).length;
    // A minute admits 120.
    return made > 121 * (ground.notes.get(mark) as number) ? `${made} workers were made` : undefined;
  },
};

/** Finding 1: whatever was enrolled, the workspace must start again and its worker must work. */
const restart: Act = {
  family: "enrolment",
  role: "joiner",
  title: "has enrolled what the broker refuses at its next start",
  watch: { cpuMs: 60_000, growthMb: 1000 },
  attempt: async (ground) => {
    for (const [, key] of keys) await ask(ground, "joiner", { worker: "bricked", publicKey: key() });
    await ground.settle();
    await ground.coordinator.end();
    await ground.until("the broker has ended", () => !existsSync(ground.paths.brokerInfo));
    await ground.lead();
  },
  harm: async (ground) => {
    const list = readFileSync(ground.paths.workersConfiguration, "utf8");
    if (!list.includes("nkey: U")) return "the broker knows no worker";
    return (await ground.runsToGoOn()) ? undefined : "the honest worker does not work any more";
  },
};

export const enrolment: Family = {
  name: "enrolment",
  origin: "1, 5, 16, held",
  acts: () => [
    ...badKeys,
    ...badNames,
    ...takenNames,
    ...unproven,
    replay,
    ...others,
    ...relayed,
    ...badHosts,
    flood,
    restart,
  ],
  control: async (ground, mark) => {
    await ask(ground, "joiner", { worker: mark });
    await ground.settle();
    await ground.until("an honest machine enrols", async () => {
      forgetState(ground);
      return (await sharedState(ground)).workers.has(mark as never);
    });
    return undefined;
  },
};
