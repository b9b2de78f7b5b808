import { Timeline } from "../simulate/timeline.ts";

const beatMs = 10;

/** Simulated time that runs by itself, as fast as it can, while a test waits. `stop` throws what went wrong in it. */
export function runningTimeline(): { readonly timeline: Timeline; readonly stop: () => Promise<void> } {
  const timeline = new Timeline();
  let isOver = false;
  // The timeline ends when nothing is planned.
  const beat = (): void => void timeline.plan(null, timeline.now + beatMs, beat);
  beat();
  const running = timeline.run(() => isOver);
  return {
    timeline,
    stop: async () => {
      isOver = true;
      await running;
    },
  };
}
