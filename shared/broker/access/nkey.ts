const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** First byte of a user's public key; it makes the text begin with U. */
const userPrefix = 20 << 3;
const keyBytes = 35;

/**
 * Whether a text is the public nkey of a user: 56 characters of base 32 that hold a prefix, 32 bytes, and their checksum.
 *
 * nats-server refuses its whole list of users for one key with a wrong checksum, so nothing but this may enter the list.
 */
export function isUserPublicKey(text: string): boolean {
  if (!/^[A-Z2-7]{56}$/.test(text)) return false;
  const bytes = Buffer.alloc(keyBytes);
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of text) {
    held = ((held << 5) | alphabet.indexOf(letter)) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = (held >> bits) & 0xff;
  }
  return bytes[0] === userPrefix && bytes.readUInt16LE(keyBytes - 2) === crc16(bytes.subarray(0, keyBytes - 2));
}

/** CRC-16/XMODEM: polynomial 0x1021, beginning with 0. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}
