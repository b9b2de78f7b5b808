/**
 * How many replaced processes of a worker are remembered. Without a limit, a worker that restarts again and again, by
 * mistake or on purpose, would make every claim more expensive than the last. A process that 64 others have replaced
 * since counts as new.
 */
export const mostRetired = 64;

/** Adds a process that was replaced, and forgets the oldest beyond the limit. */
export function retire(boots: Set<string>, bootId: string): void {
  boots.delete(bootId);
  boots.add(bootId);
  for (const oldest of boots) {
    if (boots.size <= mostRetired) return;
    boots.delete(oldest);
  }
}
