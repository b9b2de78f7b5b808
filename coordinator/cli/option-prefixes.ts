import { UsageError } from "../../shared/errors.ts";

/** What the words of a command line may be. */
export interface CommandShape {
  readonly options: readonly OptionShape[];
  readonly subcommands: Readonly<Record<string, CommandShape>>;
  /** Whether unknown options mean something; then none may be shortened. */
  readonly takesAnyOption: boolean;
}

export interface OptionShape {
  /** `--sort` */
  readonly long: string;
  readonly takesValue: boolean;
}

/**
 * The words with full option names: `--aggre=mean` stands for `--aggregate=mean` if no other option starts with it.
 *
 * @throws UsageError if several options start with it
 */
export function withFullOptions(words: readonly string[], root: CommandShape): string[] {
  const full: string[] = [];
  let command = root;
  let options = [...root.options];
  for (let i = 0; i < words.length; i += 1) {
    const word = words[i] ?? "";
    if (word === "--" || command.takesAnyOption) return [...full, ...words.slice(i)];
    if (!word.startsWith("--")) {
      const next = Object.hasOwn(command.subcommands, word) ? command.subcommands[word] : undefined;
      if (next) {
        command = next;
        options = [...options, ...next.options];
      }
      full.push(word);
      continue;
    }
    const equals = word.indexOf("=");
    const typed = equals < 0 ? word : word.slice(0, equals);
    const option = optionNamed(typed, options);
    // Commander refuses an unknown option. It suggests a near name only if the value is not attached.
    full.push(option ? option.long + word.slice(typed.length) : typed);
    const value = words[i + 1];
    if (option?.takesValue && equals < 0 && value !== undefined) {
      full.push(value);
      i += 1;
    }
  }
  return full;
}

function optionNamed(typed: string, options: readonly OptionShape[]): OptionShape | undefined {
  const exact = options.find(({ long }) => long === typed);
  if (exact) return exact;
  const found = typed.length > 2 ? options.filter(({ long }) => long.startsWith(typed)) : [];
  const names = [...new Set(found.map(({ long }) => long))];
  if (names.length > 1) throw new UsageError(`${typed} may be short for ${names.join(" or ")}; type more of it`);
  return found[0];
}
