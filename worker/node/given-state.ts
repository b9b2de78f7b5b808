import type { CheckpointPlace } from "../../shared/domain/fold/events.ts";
import { sizeText } from "../../shared/domain/size-text.ts";
import { messageOf } from "../../shared/errors.ts";
import { BusError, type EndSignal } from "../../shared/ports.ts";
import { BadMessage } from "../../shared/wire/check.ts";
import type { Assignment, StateLoss } from "../../shared/wire/messages.ts";
import { isOfThisMachine } from "../runner/run-folder.ts";
import { type BlobAddress, fetchBlob, fetchContent } from "./chunk-store.ts";
import { unpackState } from "./incoming-state.ts";
import type { Ports } from "./ports.ts";

/** A fetched state: all of it, or, if `hasFiles`, what precedes its files, which lie in a folder. */
export interface FetchedState {
  readonly bytes: Uint8Array;
  readonly hasFiles: boolean;
}

/** What became of the state that a run is to go on from. */
export type GivenState =
  | { readonly kind: "none" }
  | { readonly kind: "here"; readonly state: FetchedState }
  /** This machine cannot write it; another one may. */
  | { readonly kind: "unwritten"; readonly why: string }
  /** Nobody can read it, so the run begins afresh. */
  | { readonly kind: "unread"; readonly lost: StateLoss };

/**
 * Gets the state that a run's assignment names.
 *
 * @param folder  for the files of a large state; what lies there is deleted
 */
export async function receiveState(
  ports: Ports<"bus" | "clock" | "log" | "removeFolder">,
  { resume, job, n, attempt }: Pick<Assignment, "resume" | "job" | "n" | "attempt">,
  folder: string,
  signal: EndSignal,
): Promise<GivenState> {
  if (!resume) return { kind: "none" };
  try {
    // Its place on the broker names this trial, so nobody but a holder of an attempt at it can have stored it there.
    if (resume.attempt >= attempt) throw new BadMessage(`attempt ${resume.attempt} is not before ${attempt}`);
    return { kind: "here", state: await fetchState(ports, { job, n }, resume, folder, signal) };
  } catch (error) {
    const why = messageOf(error);
    if (error instanceof BusError && error.reason === "closed") return { kind: "none" };
    if (isOfThisMachine(error)) {
      const what = `its checkpoint of ${sizeText(resume.size)}`;
      return { kind: "unwritten", why: `${what} could not be written here, in ${folder}: ${why}` };
    }
    ports.log.warn({ job, n, why }, "a checkpoint cannot be read: the run starts afresh");
    return { kind: "unread", lost: lossOf(resume, why.slice(0, 1000)) };
  }
}

/** The loss of the checkpoint that a run was given, which nobody can read: by now the run may have another. */
export const lossOf = ({ stage, iters, attempt, blob }: CheckpointPlace, reason: string): StateLoss => ({
  what: "unread",
  stage,
  iters,
  reason,
  blob: "",
  given: { attempt, blob },
});

/** Largest state, in bytes, that is fetched into memory and goes to the runner in one message. */
const mostMessageBytes = 48 * 1024 ** 2;

/**
 * Fetches the state that an earlier attempt stored.
 *
 * @throws what `fetchBlob` and `unpackState` throw
 */
async function fetchState(
  ports: Ports<"bus" | "clock" | "removeFolder">,
  trial: Pick<BlobAddress, "job" | "n">,
  place: CheckpointPlace,
  folder: string,
  signal: EndSignal,
): Promise<FetchedState> {
  const { worker, attempt, blob, key } = place;
  const address = { worker, ...trial, attempt, blob };
  if (place.size <= mostMessageBytes)
    return { bytes: await fetchBlob(ports, address, key, place, signal), hasFiles: false };
  ports.removeFolder(folder);
  const pieces = fetchContent(ports, address, key, place, signal);
  return { bytes: await unpackState(pieces, folder), hasFiles: true };
}
