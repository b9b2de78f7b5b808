import { printable } from "../../shared/domain/printable.ts";

/** A message of the journal that no coordinator wrote, in words. */
export const foreignText = ({ seq, subject }: { readonly seq: number; readonly subject: string }): string =>
  `message ${seq} of the journal (${printable(subject)}) was written by no coordinator of this workspace; it counts for nothing`;
