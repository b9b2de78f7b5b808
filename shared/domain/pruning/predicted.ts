/** The hpmax that a pruned run would have reached, as the coordinator estimates it. */
export interface Predicted {
  readonly hpmax: number;
  /** The share of a whole run that the search may count it as: 0 to 1, less if it is less certain. */
  readonly weight: number;
}
