/** The state of a stage whose progress is all its state: one count, as 4 bytes, big-endian. */
export function countState(count: number): Uint8Array {
  const state = new Uint8Array(4);
  new DataView(state.buffer).setUint32(0, count);
  return state;
}

/** The count in a state; 0 without one. */
export const countIn = (state: Uint8Array | undefined): number =>
  state ? new DataView(state.buffer, state.byteOffset).getUint32(0) : 0;
