// Smart tools: what is drawn with them is no region but a question to a model, whose answer is shown as a suggestion.
// Nothing waits for it. An answer to an item that is gone, or to a question that was asked anew since, is dropped.

const LOOK_MS = [150, 150, 300, 300, 500]; // between looks at whether the answer is there; then the last one
const PATIENCE_MS = 110_000; // a little more than the backend is given

/**
 * `api` asks and looks; `current()` is the task on screen; `offer(task id, {result, score, model})` shows an answer; `say(words)`
 * tells. One region after the other joins the question about an item until its answer is taken or rejected.
 */
export function createSmart({ api, title, current, offer, say, timers = globalThis, now = () => Date.now() }) {
  const prompts = new Map(); // task id -> entries
  let newest = 0;
  let hasFailed = false; // told once, until it answers again

  const wait = (ms) => new Promise((done) => timers.setTimeout(done, ms));

  function fail(words) {
    say(hasFailed ? `${title} still gives no answer.` : `${title} did not answer: ${words} Draw without it meanwhile.`);
    hasFailed = true;
  }

  /** Takes a region back that led to nothing: later questions go without it. */
  function forget(task, id) {
    const left = (prompts.get(task) ?? []).filter((entry) => entry.id !== id);
    if (left.length) prompts.set(task, left);
    else prompts.delete(task);
  }

  async function look(task, job, isWanted) {
    const ends = now() + PATIENCE_MS;
    for (let step = 0; isWanted() && now() < ends; step += 1) {
      await wait(LOOK_MS[Math.min(step, LOOK_MS.length - 1)]);
      const said = isWanted() ? await api.readSmart(task, job) : null;
      if (said && said.state !== "waiting") return isWanted() ? said : null;
    }
    return isWanted() ? { state: "failed", error: "it took too long." } : null;
  }

  return {
    /** Ask with one more region; resolves once there is an answer or none is wanted. */
    async ask(entry) {
      const task = current()?.id;
      if (task === undefined) return;
      const question = (newest += 1);
      const isWanted = () => question === newest && current()?.id === task;
      const id = `prompt-${question}`;
      const drawn = [...(prompts.get(task) ?? []), { ...entry, id }];
      prompts.set(task, drawn);
      say(`${title} is asked. Go on meanwhile.`);
      try {
        const said = await look(task, await api.askSmart(task, drawn), isWanted);
        if (!said) return;
        if (said.state === "failed") throw new Error(said.error);
        hasFailed = false;
        if (said.result.length) return void offer(task, { result: said.result, score: said.score, model: said.model || title });
        forget(task, id);
        say(`${title} found nothing there.`);
      } catch (error) {
        forget(task, id);
        if (isWanted()) fail(error.message);
      }
    },
    /** The question about an item is settled: the next region begins another. */
    settle: (task) => prompts.delete(task),
  };
}
