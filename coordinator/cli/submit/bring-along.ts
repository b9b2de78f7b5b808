import { readJournal } from "../../../shared/broker/store/journal-reader.ts";
import type { CodeBundle, PiecedBundle } from "../../../shared/domain/code-bundle.ts";
import { counted } from "../../../shared/domain/counted.ts";
import type { Spec } from "../../../shared/domain/runspec/spec.ts";
import { sizeText } from "../../../shared/domain/size-text.ts";
import type { Bus } from "../../../shared/ports.ts";
import type { OrderAnswer } from "../../../shared/wire/messages.ts";
import type { Output } from "../../operator/output.ts";
import { collectCode, findCode, findInputs, packFound } from "./collect-code.ts";
import type { FoundFiles } from "./found-files.ts";
import { type Sent, secretFor, sendBundle, storedPieces } from "./send-bundle.ts";

/** The leader deletes pieces that no job has needed for a day, perhaps just before the order: then send them again. */
const tries = 3;

/** The part of an order about what the job brings along. */
export interface BroughtOrder {
  readonly code: CodeBundle | null;
  readonly largeCode?: PiecedBundle;
  readonly inputs?: PiecedBundle;
}

/**
 * Finds what a job of this spec brings along, has the broker store what does not fit the job's record, and gives the order.
 *
 * @param give  gives the order with what was stored
 * @throws as `findCode`, `findInputs` and `sendBundle`
 */
export async function bringAlong(
  bus: Bus,
  spec: Spec,
  output: Output,
  give: (brought: BroughtOrder) => Promise<OrderAnswer>,
): Promise<OrderAnswer> {
  const found = findCode(spec);
  const inputs = findInputs(spec);
  for (const each of [found, inputs])
    if (each && each.leftOut !== "") output.note(`${spec.file}: left out: ${each.leftOut}\n`);
  // A search of the job's own gets its code whole.
  const code = spec.settings.search ? collectCode(spec) : found && packFound(found);
  const large = code ? undefined : found;
  if (!large && !inputs) return give({ code: code ?? null });
  const secret = secretFor(await readJournal(bus));
  for (let left = tries; ; left -= 1) {
    const stored = await storedPieces(bus);
    const send = async (files: FoundFiles | undefined, what: string): Promise<PiecedBundle | undefined> => {
      if (!files) return undefined;
      const sent = await sendBundle({ bus }, files, secret, stored);
      output.note(sentText(sent, what));
      return sent.bundle;
    };
    const largeCode = await send(large, "code");
    const data = await send(inputs, "inputs");
    const answer = await give({
      code: code ?? null,
      ...(largeCode ? { largeCode } : {}),
      ...(data ? { inputs: data } : {}),
    });
    if (answer.code !== "later" || left === 1) return answer;
  }
}

function sentText({ bundle, pieces, sentPieces, sentBytes }: Sent, what: string): string {
  const whole = `${sizeText(bundle.bytes)} of ${what} in ${counted(bundle.files, "file")}`;
  if (sentPieces === 0) return `${whole}: the broker has all of it\n`;
  const rest = sentPieces === pieces ? "" : `, of ${pieces}; the broker had the others`;
  return `${whole}: sent ${sizeText(sentBytes)} in ${counted(sentPieces, "piece")}${rest}\n`;
}
