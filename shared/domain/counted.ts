/** How a count reads: `1 run`, `2 runs`; `1 run is`, `2 runs are`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
