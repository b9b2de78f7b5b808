import type { SavedState } from "../../component.ts";
import type { Kernels } from "../../kernels/kernels.ts";
import { eachRow, type Parameter } from "../../kernels/memory-plan.ts";
import { StateError } from "../../saved-state.ts";

/** Parameters by name, without padding: `parts` matrices of partRows x partCols each, row-major, one after another. */
export function saveParameters(kernels: Kernels, parameters: readonly Parameter[]): SavedState {
  return Object.fromEntries(
    parameters.map((parameter) => {
      const values = new Float32Array(parameter.parts * parameter.partRows * parameter.partCols);
      let i = 0;
      eachRow(parameter, (from, to) => {
        values.set(kernels.floats.subarray(from, to), i);
        i += parameter.partCols;
      });
      return [parameter.name, values];
    }),
  );
}

/** @throws StateError that says what differs, before anything is changed */
export function loadParameters(kernels: Kernels, parameters: readonly Parameter[], model: SavedState): void {
  const problems: string[] = [];
  for (const { name, parts, partRows, partCols } of parameters) {
    const expected = parts * partRows * partCols;
    const found = model[name]?.length ?? 0;
    if (found !== expected) problems.push(`${name}: found ${found} numbers; expected ${expected}`);
  }
  const names = new Set(parameters.map(({ name }) => name));
  for (const name of Object.keys(model)) if (!names.has(name)) problems.push(`${name}: this agent's model has none`);
  if (problems.length > 0)
    throw new StateError(`the saved model is not of this agent's shape\n  ${problems.join("\n  ")}`);

  for (const parameter of parameters) {
    const values = model[parameter.name]!;
    let i = 0;
    eachRow(parameter, (from) => {
      kernels.floats.set(values.subarray(i, i + parameter.partCols), from);
      i += parameter.partCols;
    });
  }
}
