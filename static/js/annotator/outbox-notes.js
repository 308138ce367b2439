// The outboxes that labelling pages opened in this browser, noted so that any other page can send what waits in them.

const KEY = "gristmill-outboxes";

function readNotes(storage) {
  try {
    const kept = JSON.parse(storage?.getItem(KEY) ?? "{}");
    return kept && typeof kept === "object" ? kept : {};
  } catch (error) {
    console.warn("The list of outboxes could not be read:", error);
    return {};
  }
}

/** Remember an outbox: {name, user, api: where it sends to, labelKind, title: of the project, page: where it is filled}. */
export function noteOutbox(storage, note) {
  try {
    storage?.setItem(KEY, JSON.stringify({ ...readNotes(storage), [note.name]: note }));
  } catch (error) {
    console.warn("Other pages will not send what waits here:", error);
  }
}

/** The outboxes of one user of this browser. */
export const listOutboxes = (storage, user) => Object.values(readNotes(storage)).filter((note) => note.user === user);
