import { type CarriedSpec, carriedInput } from "../../shared/domain/runspec/carried-spec.ts";
import type { Spec } from "../../shared/domain/runspec/spec.ts";
import { readSpec } from "../../shared/domain/runspec/spec-read.ts";

/** Reads a spec that its sender has checked. @throws if this program finds something wrong with it */
export function readCarried(carried: CarriedSpec): Spec {
  const reading = readSpec(carriedInput(carried));
  if (reading.ok) return reading.spec;
  throw new Error(`${carried.file}: ${reading.problems.map(({ message }) => message).join("; ")}`);
}
