/** What a pruned run would have come to, in the coordinator's estimate. */
export interface Predicted {
  readonly hpmax: number;
  /** How much of a whole run the search may count it for: 0 to 1, the more uncertain the less. */
  readonly weight: number;
}
