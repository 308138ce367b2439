// What the labelling pages say when no item comes: a title and a sentence, by the state of the queue.

export const NOBODY = Object.freeze({ others: 0, own: 0 });

/**
 * How many items of an empty queue others, and other pages of one's own, have in hand. `lent` is the queue's answer,
 * `isHere(id)` what this page has or had; `listSent()` is only asked where it matters.
 */
export async function countElsewhere({ elsewhere = 0, held = [] }, isHere, listSent) {
  if (!held.length) return { others: elsewhere, own: 0 };
  const sent = new Set(await listSent());
  return { others: elsewhere, own: held.filter((id) => !isHere(id) && !sent.has(id)).length };
}

/** The title and sentence of a state; `elsewhere` says how many items of an empty queue others, and other pages of one's own, have in hand. */
export function explainState(state, { others, own } = NOBODY) {
  if (state === "empty" && own) {
    const mine = own === 1 ? "1 item that is" : `${own} items that are`;
    return ["You have the rest in hand", `The ${mine} left for you ${own === 1 ? "is" : "are"} on another page of yours. Go on there; once it is closed, what is left comes here by itself.`];
  }
  if (state !== "empty" || !others) return MESSAGES[state] ?? MESSAGES.empty;
  const rest = others === 1 ? "1 item that is left is" : `${others} items that are left are`;
  return ["Others have the rest in hand", `The ${rest} on other people's screens. What they leave comes back here by itself.`];
}

/** On a page that was opened without the network, with so many items in hand. */
export function sayStanding(count) {
  const items = count ? `The ${count === 1 ? "item" : `${count} items`} you had in hand ${count === 1 ? "is" : "are"} here.` : "No item is in hand.";
  return `You are offline. ${items} What you label is kept in this browser and sent as soon as the server answers.`;
}

export const MESSAGES = {
  quiz: ["That was the last question", "Look at what you did, the right answers dashed beside yours, or see how it went."],
  empty: ["Nothing more to label right now", "You have seen every item that wants an answer of yours. This page looks for new ones by itself."],
  offline: ["The server cannot be reached", "What you labeled is kept in this browser and sent as soon as the server answers. Trying again …"],
  busy: ["The server is busy", "What you labeled is kept in this browser. Trying again …"],
  refused: ["The server refused to give items out", "Load the page again. What you labeled is kept in this browser."],
  "signed-out": ["You are logged out", "What you labeled is kept in this browser. Log in again in another tab, then press “Try again”."],
  "no-access": ["You can no longer label here", "The project was closed to you, or your role changed. Ask an owner of the project. What was not saved is kept in this browser."],
  idle: ["Paused", "You were away for a while, so others may get your items. Press any key to go on."],
}; // prettier-ignore
