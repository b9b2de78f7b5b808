import { SpecError } from "../../shared/errors.ts";
import type { Objection } from "../../shared/here/stage-check.ts";

/** Properties that a component cannot use. */
export class PropertyError extends SpecError {
  readonly objections: readonly Objection[];

  constructor(objections: readonly Objection[]) {
    super(objections.map(({ component, text }) => `${component}: ${text}`).join("\n"));
    this.objections = objections;
  }
}
