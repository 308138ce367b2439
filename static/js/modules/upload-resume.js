// Files that stopped on their way in, when the page was closed or the browser died, and how one of them is gone on with.

export function readUnfinished(root) {
  return [...root.querySelectorAll("[data-unfinished]")].map(({ dataset }) => ({
    id: Number(dataset.upload),
    name: dataset.name,
    size: Number(dataset.size),
    received: Number(dataset.received),
    collection: Number(dataset.collection),
  }));
}

// Gives chosen files what is known of them; all of one draft, which is returned: that of `collection`, or of the first.
export function resume(chosen, unfinished, collection = null) {
  const taken = new Set(chosen.map((entry) => entry.upload));
  for (const entry of chosen) {
    if (entry.upload || entry.state !== "waiting") continue;
    const found = unfinished.find((one) =>
      !taken.has(one.id) && isSameName(one.name, entry.path) && one.size === entry.file.size &&
      (collection === null || one.collection === collection));
    if (!found) continue;
    taken.add(found.id);
    collection = found.collection;
    Object.assign(entry, { upload: found.id, sent: found.received, isUnchecked: true });
  }
  return collection;
}

// A file that was dropped with its folder may be chosen alone.
function isSameName(known, path) {
  return known === path || known.split("/").at(-1) === path;
}

// The pieces that tell whether it is the same file: the first and the last that arrived.
export function listChecks(received, pieceBytes) {
  if (!received) return [];
  const last = Math.floor((received - 1) / pieceBytes) * pieceBytes;
  const first = [0, Math.min(pieceBytes, received)];
  return last ? [first, [last, received]] : [first];
}

// Files of a draft that are there as a whole, by name and size, need not be sent again.
export function skipArrived(chosen, uploads) {
  const there = new Set(uploads.filter((one) => one.is_complete).map((one) => `${one.byte_size} ${one.name}`));
  for (const entry of chosen) {
    if (!entry.upload && there.has(`${entry.file.size} ${entry.path}`)) Object.assign(entry, { sent: entry.file.size, state: "sent" });
  }
}
