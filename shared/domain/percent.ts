/** A share of one as people read it: `57%`, `1.5%`. */
export const percent = (share: number, decimals = 0): string => `${(100 * share).toFixed(decimals)}%`;
