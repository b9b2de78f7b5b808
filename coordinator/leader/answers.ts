import { programVersion } from "../../shared/components/version.ts";
import type { Bus, Chance } from "../../shared/ports.ts";
import { BadMessage, OtherVersion } from "../../shared/wire/check.ts";
import * as messages from "../../shared/wire/messages.ts";
import type { OrderKey } from "../../shared/wire/seals/order-proof.ts";
import * as subjects from "../../shared/wire/subjects.ts";
import { Deposed } from "./journal.ts";
import { enrolWorker, howToTake, tooMany } from "./orders/enrolment.ts";
import { OrderDesk } from "./orders/order-desk.ts";
import { carryOut } from "./orders/orders.ts";
import type { Reign } from "./reign/reign.ts";
import { mayAsk } from "./rules/quotas.ts";
import { answerAsk } from "./workers/asks.ts";

export interface AnswerPorts {
  readonly chance: Chance;
  /** With which operators sign their orders, asked at the beginning of each reign; left out: orders need no proof. */
  orderKey?(): OrderKey | undefined;
  /** Seed for a job whose spec gives none. */
  drawSeed(): number;
}

type Reply = (data: Uint8Array) => void;

/** Answers workers' questions, operators' orders, and machines that want to enrol. Yields a function that ends each. */
export function* answers(reign: Reign, questions: Pick<Bus, "respond">, ports: AnswerPorts): Generator<() => void> {
  yield questions.respond(subjects.allAsks, (subject, data, reply) => respondToAsk(reign, subject, data, reply));
  const desk = new OrderDesk(reign, {
    key: ports.orderKey?.(),
    nonce: () => ports.chance.nonce(),
    carryOut: (by, order) => carryOut(reign, by, order, ports.drawSeed),
  });
  yield questions.respond(subjects.allOperators, (subject, data, reply) =>
    answering(reign, subject, reply, async () => {
      const answer = await desk.take(subject, data, subjects.parseOperator(subject));
      return messages.encodeOrderAnswer(answer, ownVersion());
    }),
  );
  yield questions.respond(subjects.allEnrolments, (subject, data, reply) =>
    respondToEnrolment(reign, subject, data, reply),
  );
}

function respondToAsk(reign: Reign, subject: string, data: Uint8Array, reply: Reply): void {
  const worker = subjects.parseAsk(subject);
  if (!worker || !reign.ports.leads() || !mayAsk(reign, worker, data.length)) return;
  void answering(reign, subject, reply, async () => {
    const answer = await answerAsk(reign, worker, messages.decodeAsk(data));
    return answer && messages.encodeAnswer(answer);
  }).finally(() => reign.quotas.answered(worker));
}

function respondToEnrolment(reign: Reign, subject: string, data: Uint8Array, reply: Reply): void {
  if (!reign.ports.leads()) return;
  const invite = subjects.parseEnrol(subject);
  const how = howToTake(reign, invite);
  if (how === "later") reply(messages.encodeOrderAnswer(tooMany(reign)));
  if (how !== "read") return;
  void answering(reign, subject, reply, async () => {
    const enrolment = messages.decodeEnrolment(data);
    const answer = await enrolWorker(reign, invite, enrolment);
    return answer && messages.encodeOrderAnswer({ ...answer, op: enrolment.op });
  });
}

let version: string | undefined;
/** Told to sides that speak another version; read once. */
const ownVersion = (): string => (version ??= programVersion());

/** Answers if there is an answer and this process still leads; a client without an answer asks again. */
async function answering(
  reign: Reign,
  subject: string,
  reply: Reply,
  work: () => Promise<Uint8Array | undefined>,
): Promise<void> {
  if (!reign.ports.leads()) return;
  try {
    const answer = await work();
    if (answer && reign.ports.leads()) reply(answer);
  } catch (error) {
    if (error instanceof BadMessage) {
      const kind = subject.slice(0, 100);
      reign.drop(kind, { subject: kind, why: error.message }, "message dropped");
      if (!(error instanceof OtherVersion)) return;
      reply(messages.versionNotice(ownVersion()));
    } else if (!(error instanceof Deposed)) {
      reign.ports.log.error(
        { subject, error: error instanceof Error ? error.stack : String(error) },
        "a question failed",
      );
    }
  }
}
