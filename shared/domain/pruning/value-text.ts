/** A value in a reason to prune a run, to three significant digits. */
export const valueText = (value: number): string => String(Number(value.toPrecision(3)));
