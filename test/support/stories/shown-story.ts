import { ViewModel, type ViewModelOptions } from "../../../coordinator/tui/view-model.ts";
import { type JobStory, stateOf } from "./job-story.ts";

/** A screen's model of a story's job. */
export function modelOf(story: JobStory, options: Partial<ViewModelOptions> = {}): ViewModel {
  const model = new ViewModel({
    workspace: "ws1",
    look: { colour: false, unicode: true },
    graph: "braille",
    top: 5,
    isReadonly: false,
    joining: null,
    flags: "",
    wall: () => story.at,
    ...options,
  });
  const state = stateOf(story);
  for (const event of story.events) model.happened(event, state);
  model.live(state);
  model.showJob(story.job);
  return model;
}
