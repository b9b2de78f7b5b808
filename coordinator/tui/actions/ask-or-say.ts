import type { OrderQuestion } from "../prompt.ts";
import type { KeyContext } from "./key-context.ts";

/** Opens the question, or says why there is none. */
export function askOrSay({ model, say }: KeyContext, question: OrderQuestion | string): void {
  model.prompt = typeof question === "string" ? null : question;
  if (typeof question === "string") say(question);
}
