import { Timeline } from "../simulate/timeline.ts";

const beatMs = 10;

/** Simulated time that goes on by itself, as fast as it can, while a test waits; `stop` says what went wrong in it. */
export function runningTimeline(): { readonly timeline: Timeline; readonly stop: () => Promise<void> } {
  const timeline = new Timeline();
  let isOver = false;
  // Without anything planned it would end.
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
