import { JobStory } from "./job-story.ts";
import { ordered } from "./search.ts";

const lr = ordered("lr", [0.1, 0.2, 0.3]);
const disc = ordered("disc", [0.8, 0.9]);

/** A search over lr and disc whose runs completed one after another: `[position of lr, position of disc, hpmax]`. */
export function storyOfRuns(runs: readonly (readonly [number, number, number])[]): JobStory {
  const story = new JobStory({ number: 1, hyperparameters: [lr, disc] });
  runs.forEach(([a, b, hpmax], i) => {
    const run = `run1.${i + 1}`;
    story.completed(story.started(run, [a, b]), run, hpmax);
  });
  return story;
}
