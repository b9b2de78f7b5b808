import { LiveSearch } from "../../../coordinator/live/live-search.ts";
import type { LiveSearchOptions } from "../../../coordinator/live/live-search-options.ts";
import { type ScreenOptions, ViewModel } from "../../../coordinator/tui/view-model.ts";
import { type JobStory, stateOf } from "./job-story.ts";

/** A story's job as a live search, its journal read to the end. */
export function searchOf(story: JobStory, options: LiveSearchOptions = {}): LiveSearch {
  const search = new LiveSearch({ wall: () => story.at, ...options });
  const state = stateOf(story);
  for (const event of story.events) search.happened(event, state);
  search.live(state);
  search.showJob(story.job);
  return search;
}

/** A plain screen: no colours, no join line, everything else as usual. */
export const screenOptions: ScreenOptions = {
  workspace: "ws1",
  look: { colour: false, unicode: true },
  graph: "braille",
  top: 5,
  isReadonly: false,
  joining: null,
  flags: "",
};

/** A screen's model of a story's job. */
export const modelOf = (story: JobStory, options: Partial<ScreenOptions & LiveSearchOptions> = {}): ViewModel =>
  new ViewModel(searchOf(story, options), { ...screenOptions, ...options });
