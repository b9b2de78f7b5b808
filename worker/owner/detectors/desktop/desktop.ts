import type { Log } from "../../../../shared/log.ts";
import type { Detector, Found, Now } from "../detector.ts";
import type { SystemFiles } from "../system-files.ts";
import type { IdleSource, OnTouch } from "./idle-source.ts";
import { type DesktopSession, graphicalSessions } from "./sessions.ts";

/** How often sessions are looked for, and asked how long they have been idle. */
const sessionsMs = 5000;
/** A session on X11 cannot call back, so it is asked more often. */
const askMs = 500;

/** Opens the best source for a session. @throws Error if there is none */
export type OpenIdle = (session: DesktopSession, onTouch: OnTouch) => Promise<IdleSource>;

interface Watched {
  readonly session: DesktopSession;
  source: IdleSource | null;
  isAsking: boolean;
  askedAt: number;
  /** The log already says that nobody tells. */
  isUnknown: boolean;
  /** It is known how long nobody has touched it, or that nobody can tell. */
  isTold: boolean;
}

/** Somebody moves the mouse or types in a graphical session that this machine's screen shows. */
export class Desktop implements Detector {
  readonly name = "desktop";
  readonly everyMs = 250;
  readonly #files: SystemFiles;
  readonly #open: OpenIdle;
  readonly #monotonic: () => number;
  readonly #log: Pick<Log, "info" | "warn">;
  readonly #watched = new Map<string, Watched>();
  #lookedAt = Number.NEGATIVE_INFINITY;
  #found: Found = {};

  constructor(files: SystemFiles, open: OpenIdle, monotonic: () => number, log: Pick<Log, "info" | "warn">) {
    this.#files = files;
    this.#open = open;
    this.#monotonic = monotonic;
    this.#log = log;
  }

  look({ monotonic }: Now): Found {
    if (monotonic - this.#lookedAt >= sessionsMs) {
      this.#lookedAt = monotonic;
      this.#lookForSessions();
    }
    for (const watched of this.#watched.values()) {
      const everyMs = watched.source?.name === "X11" ? askMs : sessionsMs;
      if (!watched.isAsking && monotonic - watched.askedAt >= everyMs) void this.#ask(watched);
    }
    const isTold = [...this.#watched.values()].every((watched) => watched.isTold);
    return isTold ? this.#found : { use: { at: monotonic, what: "somebody may use its desktop" } };
  }

  close(): void {
    for (const { source } of this.#watched.values()) source?.close();
    this.#watched.clear();
  }

  #lookForSessions(): void {
    const sessions = graphicalSessions(this.#files);
    for (const [id, { source }] of this.#watched) {
      if (sessions.some((session) => session.id === id)) continue;
      source?.close();
      this.#watched.delete(id);
    }
    for (const session of sessions) {
      if (!this.#watched.has(session.id))
        this.#watched.set(session.id, {
          session,
          source: null,
          isAsking: false,
          askedAt: Number.NEGATIVE_INFINITY,
          isUnknown: false,
          isTold: false,
        });
    }
  }

  async #ask(watched: Watched): Promise<void> {
    const { session } = watched;
    watched.isAsking = true;
    watched.askedAt = this.#monotonic();
    try {
      if (!watched.source) {
        const source = await this.#open(session, () => this.#touched(0));
        // Meanwhile somebody has logged out.
        if (!this.#isWatched(watched)) {
          source.close();
          return;
        }
        watched.source = source;
        watched.isUnknown = false;
        this.#log.info({ session: session.id, source: source.name }, "a desktop session is watched");
      }
      this.#touched(await watched.source.idleMs());
    } catch (error) {
      if (!this.#isWatched(watched)) return; // its source was closed
      // Nothing says how long this session has been idle: somebody may be sitting in front of it.
      if (!watched.isUnknown)
        this.#log.warn({ session: session.id, error: String(error) }, "nobody tells how long a session has been idle");
      watched.isUnknown = true;
      watched.source?.close();
      watched.source = null;
      this.#touched(0);
    } finally {
      watched.isTold = true;
      watched.isAsking = false;
    }
  }

  #isWatched(watched: Watched): boolean {
    return this.#watched.get(watched.session.id) === watched;
  }

  #touched(idleMs: number): void {
    const at = this.#monotonic() - idleMs;
    if (at > (this.#found.use?.at ?? Number.NEGATIVE_INFINITY))
      this.#found = { use: { at, what: "somebody uses its desktop" } };
  }
}
