// Reads the binary form of points and colors; lifecycle/embeddings/codec.py writes it. Little-endian throughout.

const decoder = new TextDecoder();

function magic(buffer) {
  return decoder.decode(new Uint8Array(buffer, 0, Math.min(4, buffer.byteLength)));
}

const padded = (bytes) => bytes + ((8 - (bytes % 8)) % 8);

/** {ids: Float64Array, x: Float32Array, y: Float32Array, clusters: Int16Array}; throws on anything else. */
export function readPoints(buffer) {
  if (magic(buffer) !== "GMP1") throw new Error("these are no points");
  const count = new DataView(buffer).getUint32(4, true);
  let at = 8;
  const take = (Type) => {
    const array = new Type(buffer, at, count);
    at += padded(array.byteLength);
    return array;
  };
  return { ids: take(Float64Array), x: take(Float32Array), y: take(Float32Array), clusters: take(Int16Array) };
}

/** {legend, values}: Uint16Array codes, 65535 for none, or Float32Array numbers in 0..1, NaN for none. */
export function readColors(buffer) {
  if (magic(buffer) !== "GMC1") throw new Error("these are no colors");
  const size = new DataView(buffer).getUint32(4, true);
  const legend = JSON.parse(decoder.decode(new Uint8Array(buffer, 8, size)));
  const Type = legend.kind === "codes" ? Uint16Array : Float32Array;
  return { legend, values: new Type(buffer, 8 + size, legend.count) };
}
