/** A cloud says that it takes this machine back. */
export interface Notice {
  /** In words, for people. */
  readonly what: string;
  /** Milliseconds that are left. */
  readonly leftMs: number;
}

/** Port: where a cloud gives such notice. One file per cloud; `watch-notices.ts` asks them. */
export interface NoticeSource {
  readonly name: string;
  /** Whether this machine is one of that cloud. */
  isHere(): Promise<boolean>;
  /** Null: the machine stays. @throws if the cloud's answer cannot be understood, or there is none */
  look(wallMs: number): Promise<Notice | null>;
}

/** Answers of a metadata service, which is at an address that only the machine itself reaches. */
export interface Metadata {
  /** Null: there is no such thing (404). @throws if nobody answers in time, or with another error */
  ask(path: string, headers: Readonly<Record<string, string>>, method?: "GET" | "PUT"): Promise<string | null>;
}

const usualAnswerMs = 2000;
const mostBytes = 64 * 1024;

export const metadataAt = (address: string, answerMs = usualAnswerMs): Metadata => ({
  async ask(path, headers, method = "GET") {
    const answer = await fetch(`${address}${path}`, {
      method,
      headers,
      redirect: "error",
      signal: AbortSignal.timeout(answerMs),
    });
    const parts: Uint8Array[] = [];
    let bytes = 0;
    // Outside a cloud, anybody on the same network may answer at that address: read no more than the limit.
    for await (const part of answer.body ?? []) {
      parts.push(part);
      bytes += part.length;
      if (bytes > mostBytes) throw new Error(`${address}${path} answered with more than ${mostBytes} bytes`);
    }
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Error(`${address}${path} answered ${answer.status}`);
    return Buffer.concat(parts).toString();
  },
});

/** The time in a text, in milliseconds since 1970. @throws with the text if there is none */
export function timeIn(text: unknown, where: string): number {
  const at = typeof text === "string" ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new Error(`${where}: expected a time, found ${JSON.stringify(text)?.slice(0, 100)}`);
  return at;
}

export function fieldsIn(text: string, where: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  throw new Error(`${where}: expected JSON, found ${JSON.stringify(text.slice(0, 100))}`);
}
