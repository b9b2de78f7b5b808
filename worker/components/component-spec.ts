/** An expanded component: `component: folder/Name` and every property, defaults filled in, randints already numbers. */
export interface ComponentSpec {
  readonly component: string;
  readonly [property: string]: unknown;
}
