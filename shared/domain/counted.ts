/** A count with its noun: `1 run`, `2 runs`; with `many` given, `1 run is`, `2 runs are`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
