// Brush masks as Label Studio stores them: @thi.ng/rle-pack over the bytes of an RGBA picture, as a list of bytes.
// Pure. A mask here is a Uint8Array of one byte per pixel, 0 or 1; the four channels of a stored picture carry the same runs.

const WORD_SIZE = 8;
const RUN_SIZES = [3, 4, 8, 16]; // bits of a run's length, by the two bits that choose one
const CHANNELS = 4;
const ALPHA = 3;

function createReader(bytes) {
  let at = 0; // in bits
  return (count) => {
    let value = 0;
    for (let left = count; left > 0; ) {
      const used = at & 7;
      const take = Math.min(8 - used, left);
      const part = ((bytes[at >> 3] ?? 0) >> (8 - used - take)) & ((1 << take) - 1);
      value = value * 2 ** take + part;
      at += take;
      left -= take;
    }
    return value;
  };
}

function createWriter() {
  const bytes = [];
  let byte = 0;
  let free = 8;
  return {
    bytes,
    write(value, count) {
      for (let left = count; left > 0; ) {
        const take = Math.min(free, left);
        const part = Math.floor(value / 2 ** (left - take)) % 2 ** take;
        byte |= part << (free - take);
        free -= take;
        left -= take;
        if (free > 0) continue;
        bytes.push(byte);
        byte = 0;
        free = 8;
      }
    },
    /** The last byte is filled up with zeros; like Label Studio's converter, at least one bit of filling is there. */
    finish() {
      bytes.push(byte);
      return bytes;
    },
  };
}

/** The alpha channel of a stored brush as a mask; raises a RangeError when it is not of `width` × `height`. */
export function decodeMask(rle, width, height) {
  const read = createReader(rle);
  const total = read(32);
  if (total !== width * height * CHANNELS) throw new RangeError(`A mask of ${total} bytes does not fit ${width} × ${height} pixels.`);
  const wordSize = read(5) + 1;
  const sizes = RUN_SIZES.map(() => read(4) + 1);
  const mask = new Uint8Array(width * height);
  for (let i = 0; i < total; ) {
    const isRun = read(1) === 1;
    const end = Math.min(total, i + 1 + read(sizes[read(2)]));
    if (isRun) {
      const value = read(wordSize);
      if (value) mask.fill(1, firstPixel(i), firstPixel(end));
      i = end;
    } else {
      for (; i < end; i += 1) if (read(wordSize) && i % CHANNELS === ALPHA) mask[i >> 2] = 1;
    }
  }
  return mask;
}

function writeRun(writer, length, value) {
  for (let left = length; left > 0; ) {
    const count = Math.min(left, 2 ** RUN_SIZES.at(-1));
    const size = RUN_SIZES.findIndex((bits) => count <= 2 ** bits);
    writer.write(count === 1 ? 0 : 1, 1);
    writer.write(size, 2);
    writer.write(count - 1, RUN_SIZES[size]);
    writer.write(value, WORD_SIZE);
    left -= count;
  }
}

/** What Label Studio stores for a mask: all four channels 255 where it is set. */
export function encodeMask(mask) {
  const writer = createWriter();
  writer.write(mask.length * CHANNELS, 32);
  writer.write(WORD_SIZE - 1, 5);
  for (const bits of RUN_SIZES) writer.write(bits - 1, 4);
  for (let start = 0; start < mask.length; ) {
    const isSet = mask[start] !== 0;
    const next = mask.indexOf(isSet ? 0 : 1, start + 1);
    const end = next < 0 ? mask.length : next;
    writeRun(writer, (end - start) * CHANNELS, isSet ? 255 : 0);
    start = end;
  }
  return writer.finish();
}

/** The first pixel whose alpha byte is at `index` or later. */
function firstPixel(index) {
  return Math.ceil((index - ALPHA) / CHANNELS);
}
