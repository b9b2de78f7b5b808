/** How one kind of runner yields to all other programs of this machine, with everything that it starts, whenever it starts it. */
export interface Standing {
  /** Words before its command that give it its priority from the beginning. */
  readonly words: readonly string[];
  /** Called as soon as it has started; it may have ended already. @throws what the system says */
  started(pid: number): void;
  /** Lowers what its runs start later; undefined if not needed. `complain` hears once why that cannot be done. */
  keeper(pid: number, complain: (why: string) => void): Keeper | undefined;
}

export interface Keeper {
  /** A run begins. */
  begin(): void;
  /** It has ended: the runner waits for the next one. */
  end(): void;
}

/** Port: the standing of runners of jobs with low priority, and of the others. A runner begins a session of its own. */
export type Priority = (isLow: boolean) => Standing;
