/**
 * The names under which an account imports subjects of the account with the streams, where the names differ.
 *
 * `$JS.API` cannot be imported under its own name: nats-server gives every account an import of that name, which answers
 * "JetStream not enabled" before the other account does (seen with 2.10.27 and 2.15.1).
 *
 * No client can give a reply subject that begins with `_R_.`, since the server uses these itself (both versions refuse it).
 * So what is heard under that name comes from the other account, and never from somebody who has an answer sent there.
 */
export interface LocalNames {
  /** In the place of `$JS.API`. Such an account may make no consumers, so it reads message by message. */
  readonly api?: string;
  /** Prefix of each subject that is heard rather than asked. */
  readonly heard?: string;
}

const api = "READ";
const heard = "_R_";

export const workersNames: LocalNames = { heard };
export const readersNames: LocalNames = { api, heard };

const jetStream = "$JS.API.";

export const askedAs = (subject: string, names: LocalNames): string =>
  names.api !== undefined && subject.startsWith(jetStream)
    ? `${names.api}.${subject.slice(jetStream.length)}`
    : subject;

export const heardAs = (subject: string, names: LocalNames): string =>
  names.heard === undefined ? subject : `${names.heard}.${subject}`;
