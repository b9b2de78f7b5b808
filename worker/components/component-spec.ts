/** An expanded component: `component: folder/Name` and every property, with defaults filled in and each randint drawn. */
export interface ComponentSpec {
  readonly component: string;
  readonly [property: string]: unknown;
}
