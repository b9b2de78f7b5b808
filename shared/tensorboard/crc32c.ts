/** The checksum of 32 bits with this polynomial, whose bits are reversed. */
function checksum(polynomial: number): (bytes: Uint8Array) => number {
  const table = Uint32Array.from({ length: 256 }, (_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    return crc >>> 0;
  });
  return (bytes) => {
    let crc = 0xffffffff;
    for (const byte of bytes) crc = (crc >>> 8) ^ (table[(crc ^ byte) & 0xff] ?? 0);
    return (crc ^ 0xffffffff) >>> 0;
  };
}

/** CRC-32C (Castagnoli; RFC 3720, appendix B.4), the checksum of records in event files. */
export const crc32c = checksum(0x82f63b78);

/** CRC-32, the checksum of W&B's records. Node has it in node:zlib, but only since 20.15. */
export const crc32 = checksum(0xedb88320);

/** The CRC, rotated and offset: a CRC of bytes that contain their own CRC is weak (TensorFlow's record format). */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
