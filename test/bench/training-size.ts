export interface Size {
  readonly embed: number;
  readonly units: number;
  readonly out: number;
  readonly seqlen: number;
}
