// Appends new log lines of a running job and stays at the end while the reader does.

const POLL_MS = 1000;

function describe(line) {
  const row = document.createElement("div");
  row.className = "job-log-line";
  row.dataset.level = line.level;
  const time = document.createElement("time");
  time.dateTime = line.at;
  time.textContent = line.at.slice(11, 19);
  const text = document.createElement("span");
  text.textContent = line.text;
  row.append(time, " ", text);
  return row;
}

export function mount(element) {
  let after = Number(element.dataset.after);
  let timer = null;
  let isDestroyed = false;

  const append = (lines) => {
    if (!lines.length) return;
    const isAtEnd = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
    element.querySelector(".job-log-empty")?.remove();
    element.append(...lines.map(describe));
    after = lines[lines.length - 1].id;
    if (isAtEnd) element.scrollTop = element.scrollHeight;
  };

  const poll = async () => {
    let isActive = true;
    try {
      const response = await fetch(`${element.dataset.url}?after=${after}`, { headers: { Accept: "application/json" } });
      if (response.status === 403 || response.status === 404 || response.redirected) return;
      const answer = await response.json();
      append(answer.lines);
      isActive = answer.is_active || answer.lines.length > 0;
    } catch (error) {
      console.warn("the log could not be read, trying again", error);
    }
    if (isActive && !isDestroyed) timer = setTimeout(poll, POLL_MS);
  };

  element.scrollTop = element.scrollHeight;
  if (element.dataset.active === "true") timer = setTimeout(poll, POLL_MS);
  return () => {
    isDestroyed = true;
    clearTimeout(timer);
  };
}
