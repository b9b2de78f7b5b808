/** DER (ITU-T X.690), as far as a certificate needs it: each function gives the bytes of one value. */

/** Tag, length, content. */
function value(tag: number, content: Uint8Array): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const digits: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return Buffer.concat([Buffer.of(tag, 0x80 | digits.length, ...digits), content]);
}

export const sequence = (...items: readonly Uint8Array[]): Buffer => value(0x30, Buffer.concat(items));
export const set = (...items: readonly Uint8Array[]): Buffer => value(0x31, Buffer.concat(items));
export const boolean = (is: boolean): Buffer => value(0x01, Buffer.of(is ? 0xff : 0));
export const octets = (content: Uint8Array): Buffer => value(0x04, content);
export const utf8 = (text: string): Buffer => value(0x0c, Buffer.from(text, "utf8"));

/** A whole number that is not negative, big-endian; leading zeros do not matter. */
export function integer(bytes: Uint8Array): Buffer {
  const from = bytes.findIndex((byte) => byte !== 0);
  const digits = from < 0 ? Buffer.of(0) : bytes.subarray(from);
  // The first bit is the sign.
  return value(0x02, (digits[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), digits]) : digits);
}

/** @param unused  bits of the last byte that do not count */
export const bits = (content: Uint8Array, unused = 0): Buffer =>
  value(0x03, Buffer.concat([Buffer.of(unused), content]));

/** `oid("1.2.840.10045.4.3.2")`. */
export function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split(".").map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc % 128];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift(0x80 | (left % 128));
    return groups;
  });
  return value(0x06, Buffer.from(bytes));
}

/** A time to the second: with two digits for the year before 2050, with four from then on, as RFC 5280 demands. */
export function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\.\d+/, "").replace(/[-:T]/g, "");
  return digits < "2050" ? value(0x17, Buffer.from(digits.slice(2))) : value(0x18, Buffer.from(digits));
}

/** `[n]` around whole values. */
export const tagged = (n: number, ...items: readonly Uint8Array[]): Buffer => value(0xa0 | n, Buffer.concat(items));

/** `[n]` instead of a value's own tag. */
export const implicit = (n: number, content: Uint8Array): Buffer => value(0x80 | n, content);
