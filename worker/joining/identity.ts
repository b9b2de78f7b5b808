import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { isAbsolute, join } from "node:path";
import { inboxPrefix, inviteUser } from "../../shared/broker/access/accounts.ts";
import { type InviteKey, inviteKey, readInviteCode } from "../../shared/broker/access/invite-code.ts";
import { signAs } from "../../shared/broker/access/nkey.ts";
import { connectBus, newKeyPair } from "../../shared/broker/client/connect.ts";
import { pause } from "../../shared/deadline.ts";
import { isWorkerId, type WorkerId, workerIdFrom } from "../../shared/domain/names.ts";
import { BrokerError, UnreachableError, UsageError } from "../../shared/errors.ts";
import { readJsonFields, writeJsonFile } from "../../shared/machine/secret-file.ts";
import { BusError } from "../../shared/ports.ts";
import { decodeOrderAnswer, encodeEnrolment, enrolmentText } from "../../shared/wire/messages.ts";
import * as subjects from "../../shared/wire/subjects.ts";
import type { JoinLine } from "./join-line.ts";

/** Who this worker is in a workspace: its id, and the seed of the key it connects with, which never leaves the machine. */
export interface WorkerIdentity {
  readonly worker: WorkerId;
  readonly nkeySeed: string;
}

const enrolTimeoutMs = 5000;
const enrolPatienceMs = 60_000;
/** How long a machine waits that was told to ask later. */
const laterMs = 3000;

/** The folder of one worker: identity, spool, run folders. `name` distinguishes the workers of one machine. */
export function workerStateDir(workspace: string, name: string, env: NodeJS.ProcessEnv = process.env): string {
  const { XDG_STATE_HOME: state, HOME: home } = env;
  const root =
    state && isAbsolute(state) ? state : join(home && isAbsolute(home) ? home : homedir(), ".local", "state");
  // The path contains the id of the machine, because many machines may share a home directory.
  return join(root, "nexus", "workers", workspace, machineTag(), name);
}

/** The name of a worker that was given none: the host name. */
export const defaultWorkerName = (): WorkerId => workerIdFrom(hostname());

export function checkWorkerName(text: string): WorkerId {
  if (isWorkerId(text)) return text;
  throw new UsageError(
    `--name ${text}: expected lower-case letters, digits and "-", at most 48; for example ${workerIdFrom(text)}`,
  );
}

/** This worker's identity in the workspace: the one in its folder, or a new one, enrolled with the code of the join line. */
export async function identify(
  stateDir: string,
  name: WorkerId,
  line: JoinLine,
  say: (text: string) => void,
): Promise<WorkerIdentity> {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const file = join(stateDir, "identity.json");
  const kept = readIdentity(file);
  if (kept && (await isAccepted(kept, line))) return kept;
  if (line.code === "") {
    // A broker that others run may let everyone in; ours never does.
    if (await letsIn(line, {}, "nobody")) return { worker: name, nkeySeed: "" };
    throw new UsageError(
      `this machine is not enrolled in ${line.workspace} at ${line.url}, and the join line has no code\n` +
        "  expected: nexus-worker nats://CODE@host:port/workspace, as nexus-coord prints it,\n" +
        "  or, if others run the broker: nexus-worker nats://host:port/workspace --creds FILE --name ID",
    );
  }
  const invite = keyOf(line);
  say(`enrolling at ${line.url}...`);
  const pair = newKeyPair();
  const worker = await enrol(line, invite, name, pair, say);
  const identity = { worker, nkeySeed: pair.seed };
  writeJsonFile(file, identity);
  return identity;
}

const askAnew =
  "  ask the person who runs the coordinator for a new line: nexus invite, or the one that nexus-coord shows there";

/** The key that the line's code stands for. @throws UsageError for what is no code of this version */
function keyOf({ code }: JoinLine): InviteKey {
  const { kind } = readInviteCode(code);
  if (kind === "code") return inviteKey(code);
  throw new UsageError(
    kind === "old"
      ? `this join line is of an earlier version, whose lines never expired; it opens nothing any more\n${askAnew}`
      : `this join line is incomplete or mistyped: its code, before the "@", is none; copy the whole line\n${askAnew}`,
  );
}

async function enrol(
  line: JoinLine,
  invite: InviteKey,
  worker: WorkerId,
  { publicKey, seed }: { readonly publicKey: string; readonly seed: string },
  say: (text: string) => void,
): Promise<WorkerId> {
  const bus = await connect(line, invite);
  try {
    const asked = { op: randomBytes(9).toString("base64url"), worker, publicKey, host: hostname(), invite: invite.id };
    const text = enrolmentText(asked);
    const request = encodeEnrolment({ ...asked, inviteProof: signAs(invite.seed, text), ownProof: signAs(seed, text) });
    let limit = performance.now() + enrolPatienceMs;
    let said = false;
    for (;;) {
      try {
        const answer = decodeOrderAnswer(await bus.request(subjects.enrol(invite.id), request, enrolTimeoutMs));
        if (answer.code === "later") {
          if (!said) say(answer.reason);
          said = true;
          // Somebody answers, so this comes to an end.
          limit = performance.now() + enrolPatienceMs;
          await pause(laterMs);
          continue;
        }
        if (!answer.ok) throw new UsageError(`the coordinator refused: ${answer.reason}`);
        if (!isWorkerId(answer.name))
          throw new BrokerError(
            `the coordinator gave this machine the name "${answer.name}", which is not a valid worker name`,
          );
        return answer.name;
      } catch (error) {
        if (!(error instanceof BusError)) throw error;
        if (performance.now() > limit) {
          throw new UnreachableError(
            `the broker at ${line.url} answers, but no coordinator does; start one: nexus-coord --workspace ${line.workspace}`,
            { cause: error },
          );
        }
      }
      await pause(300);
    }
  } finally {
    await bus.close();
  }
}

/** Whether the broker still knows this key: a workspace may have been recreated under the same name. */
async function isAccepted({ worker, nkeySeed }: WorkerIdentity, line: JoinLine): Promise<boolean> {
  try {
    return await letsIn(line, { nkeySeed }, worker);
  } catch (error) {
    // The broker is away; the worker waits for it.
    if (error instanceof UnreachableError && line.code !== "") return true;
    throw error;
  }
}

/** @throws UnreachableError if no broker answers */
async function letsIn(line: JoinLine, credentials: { readonly nkeySeed?: string }, name: string): Promise<boolean> {
  try {
    const bus = await connectBus({ url: line.url, credentials, name, inbox: inboxPrefix(name) });
    await bus.close();
    return true;
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    if (error.reason === "refused") return false;
    throw new UnreachableError(error.message, { cause: error });
  }
}

async function connect({ url, code }: JoinLine, { id, seed }: InviteKey): ReturnType<typeof connectBus> {
  const user = inviteUser(id);
  try {
    return await connectBus({ url, credentials: { nkeySeed: seed }, name: user, inbox: inboxPrefix(user) });
  } catch (cause) {
    if (!(cause instanceof BusError)) throw cause;
    if (cause.reason === "refused") throw new UsageError(`${refusalOf(url, code)}\n${askAnew}`, { cause });
    throw new UnreachableError(`${cause.message}\n  is the coordinator running, and may this machine reach it?`, {
      cause,
    });
  }
}

/** This machine's clock may be wrong, so it only explains a refusal; the coordinator's decides. */
function refusalOf(url: string, code: string): string {
  const read = readInviteCode(code);
  if (read.kind === "code" && read.expiresAt <= Date.now())
    return `this join line expired at ${new Date(read.expiresAt).toISOString()}, by this machine's clock`;
  return `${url} knows no such invitation: it was used up or withdrawn, or is of another workspace`;
}

function readIdentity(file: string): WorkerIdentity | undefined {
  const { worker, nkeySeed } = readJsonFields(file);
  return typeof worker === "string" && isWorkerId(worker) && typeof nkeySeed === "string"
    ? { worker, nkeySeed }
    : undefined;
}

function machineTag(): string {
  const file = "/etc/machine-id";
  const id = existsSync(file) ? readFileSync(file, "utf8").trim().slice(0, 8) : "";
  return id === "" ? defaultWorkerName() : `${defaultWorkerName()}-${id}`;
}
