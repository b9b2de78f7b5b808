/** A moment's time of day on this machine's clock: `14:05:09`. */
export const timeOfDay = (ms: number): string => new Date(ms).toTimeString().slice(0, 8);
