import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { isAbsolute, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { inboxPrefix, inviteUser } from "../../shared/broker/access/accounts.ts";
import { type InviteKey, inviteKey, readInviteCode } from "../../shared/broker/access/invite-code.ts";
import { type BusCredentials, connectBus } from "../../shared/broker/client/connect.ts";
import { distrustAdvice } from "../../shared/broker/client/distrust-advice.ts";
import { newUserPair, signAs } from "../../shared/broker/nkey.ts";
import { parsePin } from "../../shared/broker/pin.ts";
import { systemChance } from "../../shared/chance.ts";
import { isWorkerId, type WorkerId, workerIdFrom } from "../../shared/domain/names.ts";
import { BrokerError, UnreachableError, UsageError } from "../../shared/errors.ts";
import { BusError } from "../../shared/ports.ts";
import { systemClock } from "../../shared/time/clock.ts";
import { pause } from "../../shared/time/deadline.ts";
import { OtherVersion } from "../../shared/wire/check.ts";
import { decodeOrderAnswer, encodeEnrolment, enrolmentText } from "../../shared/wire/messages.ts";
import * as subjects from "../../shared/wire/subjects.ts";
import { isPlainText, type JoinLine, shownServer } from "./join-line.ts";
import {
  identityFile,
  keepIdentity,
  type Origin,
  readIdentity,
  toldBy,
  urlFor,
  type WorkerIdentity,
} from "./kept-identity.ts";
import { Patience } from "./patience.ts";

const enrolTimeoutMs = 5000;
/** A change of leader takes less; after this long the worker says that no coordinator answers. */
const enrolPatienceMs = 10_000;
/** Refusals that are believed after the broker closed a connection: while it reloads its users, it may refuse once. */
const refusalsBelieved = 3;
/** How long a machine waits after being told to ask later. */
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

/**
 * This worker's identity in the workspace: the one in its folder, or a new one, enrolled with the code of the join line. What the
 * line says of the server is kept with it, so that a later line need not say it again.
 *
 * @param how.authority  PEM that the server's certificate is checked by where the line does not say
 * @param how.patience   for a broker or coordinator that is not there yet; left out: none
 */
export async function workerIdentity(
  stateDir: string,
  name: WorkerId,
  typed: JoinLine,
  say: (text: string) => void,
  how: Origin & { readonly authority?: string | undefined; readonly patience?: Patience } = {},
): Promise<WorkerIdentity> {
  const line: Line = { ...typed, believed: how.authority === undefined ? {} : { authority: how.authority } };
  const { patience = new Patience({ clock: systemClock, chance: systemChance }, 0, say) } = how;
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const there = readIdentity(stateDir);
  // In this machine's own workspace, the workspace decides whether to encrypt.
  if (there?.pin !== undefined && !how.isOwnLine && !how.isSameWorkspace && isPlainText(line))
    throw plainTextRefused(there, line);
  const where = there && urlFor(there, line, how);
  if (there && where !== undefined) {
    const now = toldBy(line, there, how);
    if (await patience.keepTrying(() => isAccepted(now, line, where, patience))) {
      if (!isDeepStrictEqual(now, there)) keepIdentity(stateDir, now);
      return now;
    }
    const isUnsure = there.pin === undefined && there.servers === undefined;
    // The server may be another lab's. A key that is put aside here is not found again, nor are its results.
    if (isUnsure || how.isSameWorkspace) throw unknownThere(there, line, identityFile(stateDir));
  }
  if (line.code === "") {
    // A broker that others run may let everyone in; ours never does.
    if (await patience.keepTrying(() => letsIn(line, {}, "nobody"))) return { worker: name, nkeySeed: "" };
    throw new UsageError(
      `this machine is not enrolled in ${line.workspace} at ${shownServer(line)}, and the join line has no code\n` +
        '  expected: nexus-worker "tls://CODE@host:port/workspace#sha256=...", as nexus-coord prints it,\n' +
        "  or, if others run the broker: nexus-worker tls://host:port/workspace --creds FILE --name ID",
    );
  }
  const invite = keyOf(line);
  say(`enrolling at ${shownServer(line)}...`);
  const pair = newUserPair();
  const worker = await enrol(line, invite, name, pair, say, patience);
  const identity = toldBy(line, { worker, nkeySeed: pair.seed }, how);
  keepIdentity(stateDir, identity);
  return identity;
}

/** The error of a worker that knows its server by a fingerprint, and is given a line without encryption. */
const plainTextRefused = ({ worker }: WorkerIdentity, line: JoinLine): UsageError =>
  new UsageError(
    `the worker ${worker} joined ${line.workspace} over TLS and knows its server by a fingerprint, but this line begins with ` +
      "nats://, which is plain text; nothing was sent\n" +
      '  type the line that nexus-coord prints now, in its quotes: nexus-worker "tls://CODE@host:port/workspace#sha256=..."\n' +
      "  only if the coordinator really was started with --insecure: add --same-workspace to this line",
  );

/** The error of a worker whose key may be for another server than the one that refuses it. */
const unknownThere = ({ worker }: WorkerIdentity, line: JoinLine, file: string): UsageError =>
  new UsageError(
    `${shownServer(line)} does not know the key of the worker ${worker} of ${line.workspace}; the key stays, and this machine has not joined\n` +
      "  if this is another workspace: join it without --same-workspace, and under another name (--name ID)\n" +
      `  if ${worker} was forgotten there, or the workspace was created again: delete ${file} and join anew`,
  );

/** The line, and what the server's certificate is checked by where the line does not say. */
interface Line extends JoinLine {
  readonly believed: Pick<BusCredentials, "authority">;
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
      : `this join line is incomplete or mistyped: the code before the @ is not valid; copy the whole line\n${askAnew}`,
  );
}

async function enrol(
  line: Line,
  invite: InviteKey,
  worker: WorkerId,
  { publicKey, seed }: { readonly publicKey: string; readonly seed: string },
  say: (text: string) => void,
  patience: Patience,
): Promise<WorkerId> {
  let refusals = 0;
  const connected = (): ReturnType<typeof connect> => {
    refusals = 0;
    return patience.keepTrying(() => connect(line, invite, patience, () => (refusals += 1)));
  };
  let bus = await connected();
  try {
    const asked = { op: randomBytes(9).toString("base64url"), worker, publicKey, host: hostname(), invite: invite.id };
    const text = enrolmentText(asked);
    const request = encodeEnrolment({ ...asked, inviteProof: signAs(invite.seed, text), ownProof: signAs(seed, text) });
    let limit = performance.now() + enrolPatienceMs;
    let said = false;
    for (;;) {
      try {
        const answer = decodeOrderAnswer(await bus.request(subjects.enrol(invite.id), request, enrolTimeoutMs));
        // Others who hold the code could have an answer to their own question delivered here. A coordinator that has no
        // time to read the question answers only "later", without `op`.
        const isOurs = answer.op === asked.op || (answer.code === "later" && answer.op === undefined);
        if (!isOurs) throw new BusError("no answer in time", "the answer was another machine's");
        if (answer.code === "later") {
          if (!said) say(answer.reason);
          said = true;
          // A coordinator answers, so this comes to an end.
          limit = performance.now() + enrolPatienceMs;
          await pause(laterMs);
          continue;
        }
        if (!answer.ok) throw new UsageError(`the coordinator refused: ${answer.reason}`);
        if (!isWorkerId(answer.name))
          throw new BrokerError(
            `the coordinator gave this machine the name "${answer.name}", which is not a valid worker name`,
          );
        if (answer.name !== worker) say(`the name ${worker} is taken, so this worker is ${answer.name}`);
        return answer.name;
      } catch (error) {
        if (error instanceof OtherVersion)
          throw new UsageError(`the coordinator of ${line.workspace} is of another version: ${error.message}`, {
            cause: error,
          });
        if (!(error instanceof BusError)) throw error;
        if (refusals >= refusalsBelieved) {
          // A new connection says why, if the invitation is over.
          patience.lost();
          await bus.close();
          bus = await connected();
        } else if (performance.now() > limit) {
          await patience.wait(
            new UnreachableError(
              `the broker at ${shownServer(line)} answers, but no coordinator does; start one: nexus-coord --workspace ${line.workspace}`,
              { cause: error },
            ),
          );
        }
      }
      await pause(300);
    }
  } finally {
    await bus.close();
  }
}

/**
 * Whether the broker at `url` still knows this key: it may have been forgotten, or the workspace recreated under the same name.
 *
 * @throws UnreachableError if no broker answers, or one refuses that has just started and may not know its workers yet
 */
async function isAccepted(
  { worker, nkeySeed, pin }: WorkerIdentity,
  line: Line,
  url: string,
  patience: Patience,
): Promise<boolean> {
  if (await letsIn({ ...line, url }, { nkeySeed }, worker, pin, url !== line.url ? othersNew : "")) return true;
  if (patience.excusesRefusal) throw new UnreachableError(`${shownServer(line)} refuses the key of ${worker}`);
  return false;
}

/** @throws UnreachableError if no broker answers */
async function letsIn(
  line: Line,
  credentials: { readonly nkeySeed?: string },
  name: string,
  keptPin?: string,
  ifUnreachable = "",
): Promise<boolean> {
  try {
    const pin = keptPin === undefined ? undefined : parsePin(keptPin);
    const bus = await connectBus({
      url: line.url,
      pin,
      credentials: { ...credentials, ...line.believed },
      name,
      inbox: inboxPrefix(name),
    });
    await bus.close();
    return true;
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    if (error.reason === "refused") return false;
    if (error.reason === "not trusted") throw distrusted(error, line, keptPin);
    throw new UnreachableError(`${error.message}${ifUnreachable}`, { cause: error });
  }
}

const othersNew =
  "\n  this worker does not know the line's other addresses, and shows its key at none of them; if they are of the same" +
  "\n  workspace, end it and add --same-workspace";

async function connect(
  line: Line,
  { id, seed }: InviteKey,
  patience: Patience,
  onRefused: () => void,
): ReturnType<typeof connectBus> {
  const { url, code, believed } = line;
  const user = inviteUser(id);
  try {
    return await connectBus({
      url,
      credentials: { nkeySeed: seed, ...believed },
      onRefused,
      name: user,
      inbox: inboxPrefix(user),
    });
  } catch (cause) {
    if (!(cause instanceof BusError)) throw cause;
    if (cause.reason === "refused" && !patience.excusesRefusal)
      throw new UsageError(`${refusalOf(shownServer(line), code)}\n${askAnew}`, { cause });
    if (cause.reason === "not trusted") throw distrusted(cause, line);
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

/** What to do about a server that is not believed: neither the code nor anything else was sent to it. */
function distrusted(error: BusError, { url, pin, believed }: Line, keptPin?: string): UsageError {
  const isKeptPin = pin === undefined && keptPin !== undefined;
  const hasAuthority = believed.authority !== undefined;
  return new UsageError(`${error.message}\n${distrustAdvice(error, { as: "line", url, isKeptPin, hasAuthority })}`);
}

function machineTag(): string {
  const file = "/etc/machine-id";
  const id = existsSync(file) ? readFileSync(file, "utf8").trim().slice(0, 8) : "";
  return id === "" ? defaultWorkerName() : `${defaultWorkerName()}-${id}`;
}
