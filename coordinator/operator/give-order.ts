import { randomUUID } from "node:crypto";
import { operatorName } from "../../shared/broker/access/credentials.ts";
import { sizeText } from "../../shared/domain/size-text.ts";
import { NotFoundError, UsageError } from "../../shared/errors.ts";
import { type Bus, BusError } from "../../shared/ports.ts";
import { pause } from "../../shared/time/deadline.ts";
import { OtherVersion } from "../../shared/wire/check.ts";
import { decodeOrderAnswer, encodeOrder, type Order, type OrderAnswer } from "../../shared/wire/messages.ts";
import { operator } from "../../shared/wire/subjects.ts";
import type { Output } from "./output.ts";
import { noCoordinator } from "./scope.ts";

const tries = 5;
/** Time for one try. All tries together outlast a take-over, for which a standby coordinator needs up to 6 s. */
const tryMs = 3000;

export const newOrderId = (): string => randomUUID();

/**
 * Has the coordinator carry out an order. It is sent again until someone answers; its id tells a new leader whether it was
 * carried out.
 *
 * @throws UnreachableError after about 15 s without an answer, UsageError if the coordinator has another version or the
 * order is too large
 */
export async function giveOrder(bus: Bus, workspace: string, order: Order, output: Output): Promise<OrderAnswer> {
  const subject = operator(operatorName());
  const bytes = encodeOrder(order);
  for (let left = tries; left > 0; left -= 1) {
    const askedAt = performance.now();
    try {
      return decodeOrderAnswer(await bus.request(subject, bytes, tryMs));
    } catch (error) {
      if (error instanceof OtherVersion)
        throw new UsageError(`the coordinator of ${workspace} is of another version: ${error.message}`, {
          cause: error,
        });
      if (!(error instanceof BusError) || error.reason === "refused") throw error;
      if (error.reason === "too large") throw new UsageError(tooLarge(bytes.length));
    }
    if (left === tries) output.note(`no answer from the coordinator of workspace ${workspace} yet; asking again\n`);
    // If nobody listens, the broker says so at once. Wait: a standby may be about to take over.
    await pause(Math.max(0, tryMs - (performance.now() - askedAt)));
  }
  throw noCoordinator(workspace);
}

/** The error of a command some of whose orders were refused. */
export function refusalOf(refused: readonly OrderAnswer[]): NotFoundError | UsageError {
  const text = refused.map(({ reason }) => reason).join("\n");
  return refused.every(({ code }) => code === "not found") ? new NotFoundError(text) : new UsageError(text);
}

const tooLarge = (bytes: number): string =>
  `the order takes ${sizeText(bytes)}, and the broker accepts messages up to 1 MB; nothing was submitted\n` +
  "  submit a smaller spec, or import fewer runs";

/**
 * Sends an order once, for a screen that shows the answer itself. An order with the same `op` is carried out only once.
 *
 * @returns `ok: false` with the coordinator's reason when it was refused
 * @throws BusError if nobody answers in time
 */
export async function sendOrder(bus: Bus, order: Order): Promise<OrderAnswer> {
  return decodeOrderAnswer(await bus.request(operator(operatorName()), encodeOrder(order), tryMs));
}
