// What an item looks like. Built before its turn comes, so that showing it is one swap of elements.

const KEPT = 40;

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

async function buildImage(task) {
  const image = new Image();
  image.className = "annotator-image";
  image.alt = task.source ? `Item ${task.itemId}: ${task.source}` : `Item ${task.itemId}`;
  image.draggable = false;
  image.decoding = "sync";
  image.src = task.image;
  if (task.width && task.width <= 128 && task.height <= 128) image.classList.add("is-tiny");
  await image.decode();
  return image;
}

function buildText(task) {
  const box = element("div", "annotator-text");
  const text = element("p", task.text.length > 600 ? "is-long" : "", task.text);
  text.dir = "auto";
  box.append(text);
  return box;
}

function formatCell(value) {
  if (value === null || value === "") return "—";
  if (typeof value === "number") return value.toLocaleString("en-US", { maximumFractionDigits: 6, useGrouping: false });
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function buildRow(task) {
  const table = element("table", "table table-sm annotator-row");
  const body = table.createTBody();
  for (const [name, value] of task.fields) {
    const row = body.insertRow();
    const head = element("th", "", name);
    head.scope = "row";
    const cell = element("td", typeof value === "number" ? "is-number" : "", formatCell(value));
    cell.dir = "auto";
    if (value === null || value === "") cell.classList.add("text-secondary");
    row.append(head, cell);
  }
  return table;
}

const builders = { image: buildImage, text: buildText, row: buildRow };

function buildFailure(task, retry) {
  const box = element("div", "annotator-failure");
  box.append(element("p", "", "This picture could not be loaded. Label it only if you know it; or skip it."));
  const button = element("button", "btn btn-sm", "Try again");
  button.type = "button";
  button.addEventListener("click", retry);
  box.append(button);
  return box;
}

export function createMedia() {
  const ready = new Map(); // task id -> element, in the order of last use
  const coming = new Map(); // task id -> promise of the element

  function keep(id, shown) {
    ready.delete(id);
    ready.set(id, shown);
    for (const oldest of ready.keys()) {
      if (ready.size <= KEPT) break;
      ready.delete(oldest);
    }
  }

  async function build(task) {
    try {
      const shown = await builders[task.kind](task);
      keep(task.id, shown);
      return shown;
    } finally {
      coming.delete(task.id);
    }
  }

  /** Fetch and decode; safe to call again. Resolves to the element. */
  function prepare(task) {
    if (ready.has(task.id)) return Promise.resolve(ready.get(task.id));
    if (!coming.has(task.id)) coming.set(task.id, build(task));
    return coming.get(task.id);
  }

  return {
    prepare: (task) => prepare(task).catch(() => null),
    find: (task) => ready.get(task.id) ?? null,

    /** Put a task into `stage`: at once when it is ready, else as soon as it is and still wanted. */
    show(task, stage, isWanted) {
      const shown = ready.get(task.id);
      if (shown) {
        keep(task.id, shown);
        stage.replaceChildren(shown);
        return true;
      }
      stage.replaceChildren();
      const retry = () => this.show(task, stage, isWanted);
      prepare(task).then(
        (late) => isWanted() && stage.replaceChildren(late),
        () => isWanted() && stage.replaceChildren(buildFailure(task, retry)),
      );
      return false;
    },
  };
}
