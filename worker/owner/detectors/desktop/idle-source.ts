/** Tells how long nobody has touched a desktop's keyboard and pointer. */
export interface IdleSource {
  /** "GNOME", "X11", "logind", for the log. */
  readonly name: string;
  /** Milliseconds. @throws Error if it cannot tell any more; then it is closed */
  idleMs(): Promise<number>;
  close(): void;
}

/** Called when somebody touches keyboard or pointer, by a source that hears of it without asking. */
export type OnTouch = () => void;
