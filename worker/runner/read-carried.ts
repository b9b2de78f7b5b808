import { type CarriedSpec, carriedInput } from "../../shared/domain/runspec/carried-spec.ts";
import type { Spec } from "../../shared/domain/runspec/spec.ts";
import { readSpec } from "../../shared/domain/runspec/spec-read.ts";

/** Reads a spec that was checked where it came from; throws what is wrong with it all the same. */
export function readCarried(carried: CarriedSpec): Spec {
  const reading = readSpec(carriedInput(carried));
  if (reading.ok) return reading.spec;
  throw new Error(`${carried.file}: ${reading.problems.map(({ message }) => message).join("; ")}`);
}
