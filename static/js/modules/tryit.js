// The try-it form: drop, paste or choose a picture, send without leaving the page, show the answer part.
// Without this file it is an ordinary form.

export function mount(form) {
  const zone = form.querySelector("[data-drop]");
  const input = zone?.querySelector('input[type="file"]');
  const preview = zone?.querySelector("[data-preview]");
  const status = form.querySelector("[data-status]");
  const stop = new AbortController();
  const options = { signal: stop.signal };
  let shown = "";

  function choose(files) {
    const picture = [...files].find((file) => file.type.startsWith("image/"));
    if (!picture) {
      status.textContent = "This is not a picture.";
      return;
    }
    const list = new DataTransfer();
    list.items.add(picture);
    input.files = list.files;
    show();
    form.requestSubmit();
  }

  function show() {
    URL.revokeObjectURL(shown);
    const picture = input.files[0];
    shown = picture ? URL.createObjectURL(picture) : "";
    preview.hidden = !picture;
    if (picture) preview.src = shown;
  }

  async function send(event) {
    event.preventDefault();
    const button = form.querySelector("button:not([type])");
    button.disabled = true;
    status.textContent = "Asking …";
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { "X-Part": "result" },
        signal: stop.signal,
      });
      if (!answer.ok) throw new Error(`The server could not do this (${answer.status}).`);
      const part = document.createElement("template");
      part.innerHTML = await answer.text();
      document.querySelector(form.dataset.result).replaceWith(part.content.firstElementChild);
      status.textContent = "";
    } catch (error) {
      if (error.name !== "AbortError") status.textContent = error instanceof TypeError ? "The server does not answer." : error.message;
    } finally {
      button.disabled = false;
    }
  }

  form.addEventListener("submit", send, options);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  }, options);
  if (zone) {
    const ask = () => {
      show();
      if (input.files.length) form.requestSubmit();
    };
    input.addEventListener("change", ask, options);
    if (input.files.length) ask(); // chosen while the page was still loading
    for (const type of ["dragenter", "dragover"]) {
      zone.addEventListener(type, (event) => { event.preventDefault(); zone.classList.add("is-over"); }, options);
    }
    zone.addEventListener("dragleave", () => zone.classList.remove("is-over"), options);
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("is-over");
      choose(event.dataTransfer.files);
    }, options);
    document.addEventListener("paste", (event) => {
      if (event.clipboardData?.files.length) choose(event.clipboardData.files);
    }, options);
  }
  return () => {
    stop.abort();
    URL.revokeObjectURL(shown);
  };
}
