/**
 * CRC-32C (Castagnoli): the checksum of TFRecord files and its mask. Polynomial 1EDC6F41, bits reflected 82F63B78
 * (RFC 3720, appendix B.4); eight bytes a step by eight tables, as the library that builds the tables does for CRC-32.
 */
import { crc32GenerateTables } from '@foxglove/crc';

const TABLES = crc32GenerateTables({ polynomial: 0x82f63b78, numTables: 8 });

/** CRC-32C of the bytes, unsigned. `crc32c("123456789")` is e3069283. */
export function crc32c(bytes: Uint8Array): number {
  const t = TABLES;
  const whole = bytes.length & ~7;
  let crc = 0xffffffff;
  let at = 0;
  for (; at < whole; at += 8) {
    const low = crc ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
    crc =
      t[1792 + (low & 255)]! ^
      t[1536 + ((low >>> 8) & 255)]! ^
      t[1280 + ((low >>> 16) & 255)]! ^
      t[1024 + (low >>> 24)]! ^
      t[768 + bytes[at + 4]!]! ^
      t[512 + bytes[at + 5]!]! ^
      t[256 + bytes[at + 6]!]! ^
      t[bytes[at + 7]!]!;
  }
  for (; at < bytes.length; at++) crc = t[(crc ^ bytes[at]!) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/**
 * The checksum as TFRecord stores it: rotated right by 15 and moved by a2 82 ea d8, so that the CRC of data that
 * holds CRCs is no weaker (TensorFlow, "TFRecord and tf.train.Example", "TFRecords format details").
 */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
