import { messageOf } from "../../../shared/errors.ts";
import type { Log } from "../../../shared/log.ts";
import type { Clock } from "../../../shared/ports.ts";
import { awsNotices } from "./aws.ts";
import { azureNotices } from "./azure.ts";
import { gcpNotices } from "./gcp.ts";
import { metadataAt, type Notice, type NoticeSource } from "./notice.ts";

export const spotWords = ["aws", "gcp", "azure", "auto"] as const;
export type SpotWord = (typeof spotWords)[number];

const lookEveryMs = 5000;
/** The part of a notice that is kept for this process's own end. */
const marginMs = 2000;
const leastMs = 1000;
const linkLocal = "http://169.254.169.254";

/** Where each cloud's machines ask; no others can. */
const sources = {
  aws: (address = linkLocal, answerMs?: number) => awsNotices(metadataAt(address, answerMs)),
  gcp: (address = "http://metadata.google.internal", answerMs?: number) => gcpNotices(metadataAt(address, answerMs)),
  azure: (address = linkLocal, answerMs?: number) => azureNotices(metadataAt(address, answerMs)),
} as const satisfies Readonly<Record<Exclude<SpotWord, "auto">, (address?: string, answerMs?: number) => NoticeSource>>;

export interface NoticeListener {
  /** The machine goes: runs have `graceMs` milliseconds to leave it. Called once. */
  leaving(why: string, graceMs: number): void;
  /** The cloud cannot be asked, or can again. */
  said(text: string): void;
}

/**
 * Asks the machine's cloud every 5 s whether it takes the machine back. Only if the owner says so: no network is
 * searched unasked.
 *
 * @param address   of the metadata service, if it is not the usual one
 * @param answerMs  how long it may take to answer, if not the usual time
 * @returns what ends it
 */
export function watchNotices(
  { clock, log }: { readonly clock: Clock; readonly log: Pick<Log, "warn" | "info"> },
  word: SpotWord,
  listener: NoticeListener,
  address?: string,
  answerMs?: number,
): () => void {
  let source: NoticeSource | undefined = word === "auto" ? undefined : sources[word](address, answerMs);
  let trouble = "";
  let isLooking = false;
  const find = async (): Promise<NoticeSource> => {
    for (const make of Object.values(sources)) {
      const candidate = make(address, answerMs);
      if (await candidate.isHere().catch(() => false)) return candidate;
    }
    throw new Error("none of aws, gcp and azure answers here");
  };
  const look = async (): Promise<Notice | null> => {
    source ??= await find();
    return source.look(clock.wall());
  };
  const report = (why: string): void => {
    if (why === trouble) return;
    trouble = why;
    if (why === "") log.info("the cloud answers again");
    else log.warn({ why }, "the cloud cannot be asked whether it takes this machine back");
    listener.said(why === "" ? "the cloud answers again" : `no spot notices (--spot ${word}): ${why}`);
  };
  const tick = async (): Promise<void> => {
    if (isLooking) return;
    isLooking = true;
    try {
      const notice = await look();
      report("");
      if (notice === null) return;
      timer.cancel();
      listener.leaving(notice.what, Math.max(leastMs, notice.leftMs - marginMs));
    } catch (error) {
      report(causeOf(error));
    } finally {
      isLooking = false;
    }
  };
  const timer = clock.every(lookEveryMs, () => void tick()).unref();
  void tick();
  return () => timer.cancel();
}

/** `fetch` says only that it failed; its cause says why. */
const causeOf = (error: unknown): string =>
  error instanceof Error && error.cause instanceof Error ? messageOf(error.cause) : messageOf(error);
