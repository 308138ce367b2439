// Sends dropped files and folders: small ones together as forms, large ones in pieces that resume after a break, and
// after the page was closed. They go into a draft, which is looked at next; or, with data-posts, they stay free, and the
// form is posted with their ids.

import { listChecks, readUnfinished, resume, skipArrived } from "./upload-resume.js";

const PIECE_BYTES = 8 << 20;
const SMALL_BYTES = 1 << 20;
const BATCH_FILES = 100;
const BATCH_BYTES = 6 << 20;
const LANES = 3;
const RETRIES = 6;
const SHOWN_FILES = 200;
const LITTER = /(^|\/)(__MACOSX\/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\._)/;

export function mount(form) {
  const part = (name) => form.querySelector(`[data-${name}]`);
  const zone = part("zone");
  const abort = new AbortController();
  const chosen = [];
  const unfinished = readUnfinished(document);
  let run = null;

  const folder = part("folder-input");
  folder.disabled = false;
  part("folder").hidden = false;
  const isKept = () => form.querySelector("input[name=uploads]") !== null; // files of an answer that was refused

  const listen = (element, type, handler) => element.addEventListener(type, handler, { signal: abort.signal });

  const input = part("files");
  listen(input, "change", () => choose([...input.files].map(withPath)));
  listen(folder, "change", (event) => choose([...event.target.files].map(withPath)));
  listen(zone, "dragover", (event) => { event.preventDefault(); zone.classList.add("is-over"); });
  listen(zone, "dragleave", () => zone.classList.remove("is-over"));
  listen(zone, "drop", async (event) => {
    event.preventDefault();
    zone.classList.remove("is-over");
    choose(await readDropped(event.dataTransfer));
  });
  listen(part("stop"), "click", () => run?.stop());
  listen(window, "beforeunload", (event) => { if (run?.isActive) event.preventDefault(); });
  listen(form, "submit", async (event) => {
    if (!chosen.length && isKept()) return;
    event.preventDefault();
    if (run?.isActive) return;
    if (!chosen.length) return showProblem(part, part("problem").textContent || "Choose files first, or drop them here.");
    run = new Run(form, chosen, part);
    await run.start();
  });

  function choose(files) {
    if (run?.isActive) return;
    const limit = Number(form.dataset.maxBytes);
    const known = new Set(chosen.map((c) => c.path));
    const fresh = files.filter((f) => !LITTER.test(f.path) && !known.has(f.path));
    const fitting = fresh.filter((f) => f.file.size > 0 && f.file.size <= limit);
    chosen.push(...fitting.map((f) => ({ ...f, sent: 0, state: "waiting" })));
    showProblem(part, describeLeftOut(fresh.filter((f) => !fitting.includes(f))));
    goOn();
    part("progress").hidden = !chosen.length && part("problem").hidden;
    showList(part("list"), chosen);
    showTotal(part, chosen, null);
  }

  function goOn() {
    const collection = form.dataset.collection ? Number(form.dataset.collection) : null;
    const draft = resume(chosen, unfinished, collection);
    if (draft !== null) form.dataset.collection = String(draft);
  }

  input.required = false;
  if (input.files.length) choose([...input.files].map(withPath)); // before this script was there

  return () => { abort.abort(); run?.stop(); };
}

function describeLeftOut(files) {
  if (!files.length) return "";
  const [first] = files;
  const why = first.file.size > 0 ? "is larger than this installation takes" : "is empty";
  const others = files.length > 1 ? `, and so ${files.length > 2 ? `were ${files.length - 1} others` : "was another"}` : "";
  return `${first.path} ${why}; it was left out${others}.`;
}

class Run {
  constructor(form, files, part) {
    this.form = form;
    this.files = files;
    this.part = part;
    this.token = form.querySelector("[name=csrfmiddlewaretoken]").value;
    this.api = form.dataset.api;
    this.collection = form.dataset.collection ? Number(form.dataset.collection) : null;
    this.posts = "posts" in form.dataset;
    this.abort = new AbortController();
    this.isActive = false;
    this.startedAt = performance.now();
    this.sentBefore = files.reduce((sum, f) => sum + f.sent, 0);
  }

  async start() {
    this.isActive = true;
    this.setBusy(true);
    showProblem(this.part, "");
    try {
      if (!this.posts) await this.openCollection();
      await this.sendAll();
      if (this.posts) return this.post();
      await this.call("POST", `collections/${this.collection}/preview/`);
      this.isActive = false;
      window.location.assign(`${this.form.dataset.page}${this.collection}`);
    } catch (error) {
      this.isActive = false;
      this.setBusy(false);
      const words = error.name === "AbortError" ? "Stopped. Send again to go on where it stopped." : error.message;
      showProblem(this.part, words);
    }
  }

  // The form itself, with the ids of the files in place of the files.
  post() {
    this.isActive = false;
    for (const entry of this.files) {
      this.form.append(Object.assign(document.createElement("input"), { type: "hidden", name: "uploads", value: entry.upload }));
    }
    for (const input of this.form.querySelectorAll("input[type=file]")) input.disabled = true;
    this.form.submit();
  }

  stop() {
    this.abort.abort();
  }

  async openCollection() {
    if (this.collection) {
      if (this.files.some((entry) => entry.isUnchecked)) await this.skipArrived();
      return;
    }
    const title = this.form.querySelector("[name=title]")?.value.trim() || suggestTitle(this.files);
    const made = await this.call("POST", "collections/", { title, start: false });
    this.collection = made.id;
    this.form.dataset.collection = String(made.id);
  }

  async skipArrived() {
    for (let page = `uploads/?page_size=500&collection=${this.collection}`; page; ) {
      const answer = await this.call("GET", page);
      skipArrived(this.files, answer.results);
      page = answer.next?.slice(answer.next.indexOf("uploads/?"));
    }
    for (const entry of this.files) entry.update?.();
  }

  async sendAll() {
    const work = plan(this.files.filter((f) => f.state !== "sent"));
    const lane = async () => {
      for (let job = work.shift(); job; job = work.shift()) {
        await (Array.isArray(job) ? this.sendBatch(job) : this.sendPieces(job));
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  }

  async sendBatch(batch) {
    const body = new FormData();
    if (this.collection) body.append("collection", String(this.collection));
    for (const entry of batch) {
      body.append("files", entry.file, entry.file.name);
      body.append("paths", entry.path);
    }
    // The key makes a repeat after a lost answer harmless: the server answers again, and stores nothing twice.
    const headers = { "Idempotency-Key": crypto.randomUUID?.() ?? String(Math.random()).slice(2).padEnd(16, "0") };
    const made = await this.retry(() => this.call("POST", "uploads/", body, headers));
    batch.forEach((entry, place) => {
      entry.upload = made[place].id;
      this.note(entry, entry.file.size, "sent");
    });
  }

  async sendPieces(entry) {
    if (entry.isUnchecked) await this.checkIsSame(entry);
    if (!entry.upload) {
      const wanted = { name: entry.path, byte_size: entry.file.size, ...(this.collection ? { collection: this.collection } : {}) };
      const [made] = await this.retry(() => this.call("POST", "uploads/", wanted));
      entry.upload = made.id;
    }
    while (entry.sent < entry.file.size) {
      const piece = entry.file.slice(entry.sent, entry.sent + PIECE_BYTES);
      const answer = await this.retry(() => this.sendPiece(entry, piece), () => this.findPlace(entry));
      if (answer) this.note(entry, answer.received, "sending");
    }
    this.note(entry, entry.file.size, "sent");
  }

  // Another file of the same name and size must not be mixed with what arrived.
  async checkIsSame(entry) {
    try {
      await this.findPlace(entry);
      for (const [start, end] of listChecks(entry.sent, PIECE_BYTES)) {
        const headers = { "Content-Type": "application/octet-stream", "Upload-Offset": String(start) };
        await this.retry(() => this.call("POST", `uploads/${entry.upload}/compare/`, entry.file.slice(start, end), headers));
      }
    } catch (error) {
      if (error.code === "other_content") {
        throw new Error(`${entry.path} is not the file that was begun. Choose that one to go on, or discard what arrived of it.`);
      }
      if (error.status !== 404) throw error;
      entry.upload = null;
      this.note(entry, 0, "sending");
    }
    entry.isUnchecked = false;
  }

  sendPiece(entry, piece) {
    const headers = { "Content-Type": "application/octet-stream", "Upload-Offset": String(entry.sent) };
    return this.call("PATCH", `uploads/${entry.upload}/`, piece, headers);
  }

  // After a break the server knows best how much has arrived.
  async findPlace(entry) {
    const answer = await this.call("GET", `uploads/${entry.upload}/`);
    const moved = answer.received !== entry.sent;
    this.note(entry, answer.received, "sending");
    return moved;
  }

  async retry(attempt, recover = null) {
    for (let count = 1; ; count += 1) {
      try {
        return await attempt();
      } catch (error) {
        const isHopeless = error.status >= 400 && error.status < 500 && ![408, 409, 429].includes(error.status) || error.code === "other_content";
        if (error.name === "AbortError" || isHopeless || count >= RETRIES) throw error;
        showProblem(this.part, "The connection broke off; trying again …");
        if (error.status !== 409) await this.pause(Math.min(500 * 2 ** count, 15_000));
        if (recover && (await recover().catch(() => false))) return null;
        showProblem(this.part, "");
      }
    }
  }

  pause(milliseconds) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, milliseconds);
      this.abort.signal.addEventListener("abort", () => { clearTimeout(timer); reject(new DOMException("stopped", "AbortError")); });
    });
  }

  async call(method, path, body, headers = {}) {
    const isPlain = body && Object.getPrototypeOf(body) === Object.prototype;
    const response = await fetch(this.api + path, {
      method,
      body: isPlain ? JSON.stringify(body) : body,
      headers: { Accept: "application/json", "X-CSRFToken": this.token, ...(isPlain ? { "Content-Type": "application/json" } : {}), ...headers },
      signal: this.abort.signal,
      credentials: "same-origin",
    });
    const answer = await response.json().catch(() => null);
    if (!response.ok) {
      const problem = new Error(answer?.detail ?? answer?.title ?? `The server answered ${response.status}.`);
      problem.status = response.status;
      problem.code = answer?.code;
      throw problem;
    }
    return answer;
  }

  note(entry, sent, state) {
    entry.sent = sent;
    entry.state = state;
    entry.update?.();
    showTotal(this.part, this.files, { startedAt: this.startedAt, sentBefore: this.sentBefore });
  }

  setBusy(isBusy) {
    this.part("send").disabled = isBusy;
    this.part("stop").hidden = !isBusy;
    this.part("zone").classList.toggle("is-busy", isBusy);
  }
}

export function plan(files) {
  const work = [];
  let batch = [], bytes = 0;
  for (const entry of files) {
    if (entry.file.size > SMALL_BYTES) { work.push(entry); continue; }
    if (batch.length >= BATCH_FILES || bytes + entry.file.size > BATCH_BYTES) { work.push(batch); batch = []; bytes = 0; }
    batch.push(entry);
    bytes += entry.file.size;
  }
  if (batch.length) work.push(batch);
  return work;
}

export function suggestTitle(files) {
  const roots = new Set(files.map((f) => f.path.split("/")[0]));
  if (roots.size === 1) return [...roots][0];
  return `${files.length} files`;
}

function withPath(file) {
  return { file, path: file.webkitRelativePath || file.name };
}

async function readDropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map(withPath);
  const found = [];
  const walk = async (entry) => {
    if (entry.isFile) {
      const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
      found.push({ file, path: entry.fullPath.replace(/^\//, "") });
      return;
    }
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length) return;
      for (const inner of some) await walk(inner);
    }
  };
  for (const entry of entries) await walk(entry);
  return found;
}

function showList(list, files) {
  list.replaceChildren();
  for (const entry of files.slice(0, SHOWN_FILES)) {
    const row = document.createElement("li");
    const name = document.createElement("span");
    const state = document.createElement("span");
    name.textContent = entry.path;
    name.className = "text-truncate";
    state.className = "text-secondary tabular";
    entry.update = () => { state.textContent = describe(entry); row.classList.toggle("is-sent", entry.state === "sent"); };
    entry.update();
    row.append(name, state);
    list.append(row);
  }
  if (files.length > SHOWN_FILES) {
    const more = document.createElement("li");
    more.className = "text-secondary";
    more.textContent = `and ${(files.length - SHOWN_FILES).toLocaleString()} more`;
    list.append(more);
  }
}

function describe(entry) {
  if (entry.state === "sent") return "✓";
  if (entry.state === "sending") return `${Math.floor((100 * entry.sent) / entry.file.size)} %`;
  if (entry.upload) return `goes on at ${Math.floor((100 * entry.sent) / entry.file.size)} %`;
  return formatBytes(entry.file.size);
}

function showTotal(part, files, run) {
  const total = files.reduce((sum, f) => sum + f.file.size, 0);
  const sent = files.reduce((sum, f) => sum + f.sent, 0);
  const done = files.filter((f) => f.state === "sent").length;
  const words = run ? `${done.toLocaleString()} of ${files.length.toLocaleString()} files` : `${files.length.toLocaleString()} file${files.length === 1 ? "" : "s"}, ${formatBytes(total)}`;
  part("total-words").textContent = words;
  part("total-bar").style.width = total ? `${(100 * sent) / total}%` : "0";
  const seconds = run ? (performance.now() - run.startedAt) / 1000 : 0;
  if (seconds > 1 && sent > run.sentBefore) {
    const rate = (sent - run.sentBefore) / seconds;
    part("total-rate").textContent = `${formatBytes(sent)} of ${formatBytes(total)} · ${formatBytes(rate)}/s · ${formatSeconds((total - sent) / rate)} left`;
  }
}

function showProblem(part, words) {
  const place = part("problem");
  place.textContent = words;
  place.hidden = !words;
  if (words) part("progress").hidden = false;
}

export function formatBytes(count) {
  for (const [limit, unit] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) {
    if (count >= limit) return `${(count / limit).toFixed(1)} ${unit}`;
  }
  return `${Math.round(count)} B`;
}

function formatSeconds(seconds) {
  return seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
}
