/** The hpmax that a pruned run would have reached, as the coordinator estimates it. */
export interface Predicted {
  readonly hpmax: number;
  /** How much of a whole run the search may count it for: 0 to 1, the more uncertain the less. */
  readonly weight: number;
}
