// In the head of every page: answers and comments that an earlier visit of a labelling page could not send. They are
// sent from here, and said.

import { listOutboxes } from "../annotator/outbox-notes.js";
import { toast } from "../toast.js";

const WHY = {
  "no-access": (title) => `You can no longer label in “${title}”. They are kept in this browser.`,
  "signed-out": () => "You are logged out. They are kept in this browser.",
};
const OTHERWISE = () => "Kept in this browser, and sent as soon as the server answers.";

/** `element` is a link with data-user, the id of who is logged in. */
export async function mount(element) {
  const notes = listOutboxes(globalThis.localStorage, Number(element.dataset.user));
  if (!notes.length) return () => {}; // nobody labeled in this browser: nothing more is loaded
  const { createSender, describeOperations } = await import("../annotator/waiting.js");
  let senders = [];
  let isGone = false;

  function paint() {
    const busy = senders.filter(({ waiting }) => waiting.length);
    element.hidden = !busy.length;
    if (!busy.length) return;
    const [{ note, state }] = busy;
    element.href = note.page;
    element.title = (WHY[state] ?? OTHERWISE)(note.title);
    element.querySelector("[data-words]").textContent = `${describeOperations(busy.flatMap(({ waiting }) => waiting))} waiting`;
  }

  function tell({ title }, { saved, refused }) {
    if (saved.length) toast(`Sent: ${describeOperations(saved)} on “${title}”, kept in this browser until now.`, "success");
    for (const { message } of refused.slice(0, 1)) {
      toast(`${describeOperations(refused)} on “${title}” could not be counted: ${message} The labelling page lists them.`, "error");
    }
  }

  const wake = () => senders.forEach((sender) => void sender.wake());
  const onVisible = () => !document.hidden && wake();

  async function start() {
    senders = await Promise.all(notes.map((note) => createSender(note, { onChange: paint, onSent: (settled) => tell(note, settled) })));
    if (!isGone) wake();
  }

  void start();
  addEventListener("online", wake);
  document.addEventListener("visibilitychange", onVisible);
  return () => {
    isGone = true;
    removeEventListener("online", wake);
    document.removeEventListener("visibilitychange", onVisible);
    senders.forEach((sender) => sender.stop());
  };
}
