import { setTimeout as delay } from "node:timers/promises";
import type { WorkerId } from "../../shared/domain/names.ts";
import { type Act, type Family, type Found, usualWatch, type Watch } from "./act.ts";
import { renewal } from "./attacker/words.ts";
import { answerLimitMs, type Ground, ids } from "./ground/ground.ts";
import type { StreamLook } from "./ground/observer.ts";
import { type Pulse, troublesIn } from "./ground/pulse.ts";
import { stateOf } from "./ground/state.ts";

/** The outcome of one act. */
export interface Outcome {
  readonly family: string;
  readonly role: string;
  readonly title: string;
  /** The harm found; undefined: none. */
  readonly harm: Found;
  /** Why the act could not be tried: a fault of the audit, or a changed interface. */
  readonly untried?: string;
}

let count = 0;
/** A word that occurs nowhere else, valid in a subject, a worker's id and a file name. */
const newMark = (): string => `zq${(++count).toString(36).padStart(4, "0")}x${Math.random().toString(36).slice(2, 8)}`;

/** Acts tried together before looking for harm: enough to save time, few enough to keep all messages heard. */
const together = 100;
/** Acts in flight at once among those tried together. */
const atOnce = 10;

/**
 * Tries every act of a family on that ground. Acts without a watch are tried together, then each looks for its harm;
 * acts with one are tried alone. After each group the coordinator must be well and the streams whole.
 *
 * @param words  try only acts whose role and title contain this
 */
export async function runFamily(ground: Ground, family: Family, words = ""): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const { name } = family;
  ground.observer.forget();
  const blind = await family.control?.(ground, newMark()).catch(textOf);
  if (blind !== undefined) {
    outcomes.push({
      family: name,
      role: "audit",
      title: "sees what is allowed",
      harm: undefined,
      untried: `blind: ${blind}`,
    });
  }
  const made = await Promise.resolve(family.acts(ground)).catch(textOf);
  if (typeof made === "string") {
    outcomes.push({ family: name, role: "audit", title: "prepares its acts", harm: undefined, untried: made });
    return outcomes;
  }
  const acts = made.filter(({ role, title }) => `${role} ${title}`.includes(words));
  const quiet = acts.filter(({ watch }) => watch === undefined);
  // One role at a time, so that any harm is that role's doing.
  for (const role of new Set(quiet.map((act) => act.role))) {
    const own = quiet.filter((act) => act.role === role);
    for (let i = 0; i < own.length; i += together) {
      outcomes.push(...(await runTogether(ground, name, own.slice(i, i + together))));
    }
  }
  for (const act of acts) {
    if (!act.watch) continue;
    outcomes.push(...(await runTogether(ground, name, [act], act.watch)));
    await readmit(ground, act.role);
  }
  return outcomes;
}

async function runTogether(
  ground: Ground,
  family: string,
  acts: readonly Act[],
  watch: Watch = {},
): Promise<Outcome[]> {
  ground.observer.forget();
  const before = await lookAround(ground).catch(brokerLost);
  if (typeof before === "string") return [{ family, role: "all", title: "acts before", harm: before }];
  const tried: { readonly act: Act; readonly mark: string; readonly untried?: string }[] = [];
  const tryOne = async (act: Act): Promise<void> => {
    const mark = newMark();
    try {
      await act.attempt(ground, mark);
      tried.push({ act, mark });
    } catch (error) {
      tried.push({ act, mark, untried: textOf(error) });
    }
  };
  for (let i = 0; i < acts.length; i += atOnce) await Promise.all(acts.slice(i, i + atOnce).map(tryOne));
  const lost = await lostBroker(ground);
  const outcomes: Outcome[] = [];
  for (const { act, mark, untried } of tried) {
    const { role, title } = act;
    if (untried !== undefined) {
      outcomes.push({ family, role, title, harm: undefined, untried });
      continue;
    }
    try {
      outcomes.push({ family, role, title, harm: await act.harm(ground, mark) });
    } catch (error) {
      outcomes.push({ family, role, title, harm: undefined, untried: textOf(error) });
    }
  }
  const harm = lost ?? (await commonHarm(ground, before, watch).catch(brokerLost));
  if (harm !== undefined) {
    const [only] = acts;
    const isOne = acts.length === 1 && only !== undefined;
    const i = outcomes.findIndex((each) => isOne && each.harm === undefined && each.untried === undefined);
    if (isOne && i >= 0) outcomes[i] = { family, role: only.role, title: only.title, harm };
    else if (!isOne) outcomes.push({ family, role: "all", title: `${acts.length} acts together`, harm });
  }
  return outcomes;
}

async function lookAround(ground: Ground): Promise<Before> {
  return { pulse: ground.pulse(), streams: await ground.observer.streams(), at: performance.now() };
}

const brokerLost = (error: unknown): string => `the broker no longer answers: ${textOf(error)}`;

const lostBroker = (ground: Ground): Promise<Found> => ground.settle().then(() => undefined, brokerLost);

/**
 * Readmits a worker that was cut off for asking or storing too much, so that the next act has all rights of its role.
 */
async function readmit(ground: Ground, role: string): Promise<void> {
  if (role !== "worker" && role !== "benched") return;
  const state = await stateOf(ground).catch(() => undefined);
  if (!state?.workers.get(ids[role] as WorkerId)?.isCutOff) return;
  await ground.command(["admit", ids[role]]);
  if (role === "benched") await ground.command(["bench", ids.benched]);
}

interface Before {
  readonly pulse: Pulse;
  readonly streams: readonly StreamLook[];
  readonly at: number;
}

/** The largest share of a core that the coordinator spends on the honest worker. */
const usualShare = 0.1;

/** Harm that no act may do: hurt the coordinator, or change streams except by adding messages. */
async function commonHarm(ground: Ground, before: Before, watch: Watch): Promise<Found> {
  const isAnswering = await answers(ground);
  const now = ground.pulse();
  if (!now.isAlive) return `the coordinator has ended: ${ground.coordinator.output().slice(-300)}`;
  if (!isAnswering) return `the coordinator did not answer within ${answerLimitMs / 1000} s`;
  const used = now.cpuMs - before.pulse.cpuMs;
  // The honest worker's runs cost a little all the time, however long the acts took.
  const cpuMs = Math.round((watch.cpuMs ?? usualWatch.cpuMs) + usualShare * (performance.now() - before.at));
  if (used > cpuMs) return `the coordinator used ${used} ms of its processor; ${cpuMs} are much`;
  const grown = Math.max(now.residentMb, now.peakMb > before.pulse.peakMb ? now.peakMb : 0) - before.pulse.residentMb;
  const growthMb = watch.growthMb ?? usualWatch.growthMb;
  if (grown > growthMb) return `the coordinator grew by ${grown.toFixed(0)} MB; ${growthMb} are much`;
  const [trouble] = troublesIn(ground.paths.coordinatorLog, before.pulse.logBytes);
  if (trouble !== undefined) return `the coordinator logged: ${trouble}`;
  return changed(before.streams, await reopened(ground));
}

/** The streams, once none refuses everything, as EV does for some seconds after a cut-off; on a busy machine longer. */
async function reopened({ observer }: Ground): Promise<readonly StreamLook[]> {
  const limit = performance.now() + answerLimitMs;
  for (;;) {
    const streams = await observer.streams();
    if (!streams.some(({ config }) => config.includes('"max_bytes":1,')) || performance.now() > limit) return streams;
    await delay(250);
  }
}

/** Whether the coordinator answers an honest worker. */
async function answers(ground: Ground): Promise<boolean> {
  const limit = performance.now() + answerLimitMs;
  while (performance.now() < limit) {
    // Reconnects if the connection was lost.
    const victim = await ground.as("victim");
    const leftMs = Math.max(1000, limit - performance.now());
    if ((await victim.ask(`ask.${ids.victim}`, renewal(), ground.inbox("victim"), leftMs)) !== undefined) return true;
  }
  return false;
}

/** Checks that streams only grew and kept their settings; checkpoints and entries may go, as when runs end. */
function changed(before: readonly StreamLook[], now: readonly StreamLook[]): Found {
  const names = (looks: readonly StreamLook[]): string => looks.map(({ name }) => name).join(", ");
  if (names(before) !== names(now)) return `there are other streams: ${names(now)}, not ${names(before)}`;
  for (const [i, old] of before.entries()) {
    const look = now[i];
    if (!look) continue;
    if (look.config !== old.config) return `stream ${old.name} has other settings: ${look.config}`;
    if (look.name !== "JRN" && look.name !== "EV") continue;
    const gone = look.lastSeq - look.firstSeq + 1 - look.messages;
    const wasGone = old.lastSeq - old.firstSeq + 1 - old.messages;
    if (look.firstSeq !== old.firstSeq || gone !== wasGone || look.lastSeq < old.lastSeq)
      return `messages of stream ${old.name} are gone`;
  }
  return undefined;
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error)).slice(0, 300);

/** Checks that the honest worker's runs still complete afterwards. */
export async function workGoesOn(ground: Ground, family: string): Promise<Outcome> {
  const isWell = ground.pulse().isAlive && (await ground.runsToGoOn().catch(() => false));
  const harm = isWell ? undefined : "the honest worker's results no longer count";
  return { family, role: "all", title: "have stopped the honest worker's runs", harm };
}

/** Runs a family for a test. Returns a line for each harm and each act that could not be tried. */
export async function harmsOf(ground: Ground, family: Family): Promise<string[]> {
  const outcomes = await runFamily(ground, family);
  outcomes.push(await workGoesOn(ground, family.name));
  if (outcomes.length <= 1) return [`${family.name} has no acts`];
  return outcomes.flatMap(({ role, title, harm, untried }) =>
    harm === undefined && untried === undefined ? [] : [`${role} ${title}: ${harm ?? `untried: ${untried}`}`],
  );
}
