import type { JobName, WorkerId } from "../domain/names.ts";
import * as check from "./check.ts";
import { id, job, kindOf, open, seal, term, worker } from "./envelope.ts";

export interface Enrolment {
  readonly op: string;
  readonly worker: WorkerId;
  readonly publicKey: string;
  readonly host: string;
}

const enrolmentShape = check.shape({ op: id, worker, publicKey: check.text(100), host: check.text(256) });
export const encodeEnrolment = (enrolment: Enrolment): Uint8Array => seal(enrolment);
export const decodeEnrolment = (bytes: Uint8Array): Enrolment => open(bytes, enrolmentShape);

export type Order =
  | {
      readonly kind: "run";
      readonly op: string;
      readonly file: string;
      readonly text: string;
      readonly sources: Readonly<Record<string, string>>;
      readonly commandLine: Readonly<Record<string, string>>;
    }
  | { readonly kind: "release"; readonly op: string; readonly job: JobName }
  | { readonly kind: "admit"; readonly op: string; readonly worker: WorkerId };

const orderShapes: Record<Order["kind"], check.Check<Order>> = {
  run: check.shape({
    kind: check.oneOf("run"),
    op: id,
    file: check.text(),
    text: check.text(1_000_000),
    sources: check.record(check.text(1_000_000)),
    commandLine: check.record(check.text(100_000)),
  }),
  release: check.shape({ kind: check.oneOf("release"), op: id, job }),
  admit: check.shape({ kind: check.oneOf("admit"), op: id, worker }),
};

export const encodeOrder = (order: Order): Uint8Array => seal(order);
export function decodeOrder(bytes: Uint8Array): Order {
  return open<Order>(bytes, (value, at) => {
    const { kind } = kindOf(value, at);
    const known = Object.hasOwn(orderShapes, kind) ? orderShapes[kind as Order["kind"]] : undefined;
    if (!known) throw new check.BadMessage(`${at}.kind: expected one of ${Object.keys(orderShapes).join(", ")}`);
    return known(value, at);
  });
}

/** What an order or an enrolment came to: the job or worker that it concerns, or why it was refused. */
export interface OrderAnswer {
  readonly ok: boolean;
  readonly term: number;
  readonly name: string;
  readonly reason: string;
}

const orderAnswerShape = check.shape({ ok: check.flag, term, name: check.text(), reason: check.text(100_000) });
export const encodeOrderAnswer = (answer: OrderAnswer): Uint8Array => seal(answer);
export const decodeOrderAnswer = (bytes: Uint8Array): OrderAnswer => open(bytes, orderAnswerShape);
