// A newer label schema is taken up without leaving the page: what the server gives now takes the place of what is there.
// What was answered under the older one says so (`schemaVersion`), and the server takes it by its new names.

const WORDS = "The labels of this project have changed. You get them with your next item.";

/**
 * `root` is the page's element, `version` the schema it was made for. `isFree()`: nothing is in the making that would be
 * lost now; `leave()` is awaited before the page's element is exchanged, `change(setup)` may change what the new one
 * starts with. `hear(version)` is called with every version the server names, `look()` whenever the page may be free.
 */
export function createRenewal({ root, version, isFree, leave, change = () => {}, say, load = loadElement }) {
  let newest = version ?? 0;
  let isUnderWay = false;

  async function renew() {
    isUnderWay = true;
    const fresh = await load(root.id).catch(() => null);
    if (fresh) await leave();
    if (!fresh || !isFree()) {
      isUnderWay = false; // the server cannot be reached just now, or something was begun meanwhile: later
      return;
    }
    const script = fresh.querySelector("script[type='application/json']");
    const setup = JSON.parse(script.textContent);
    change(setup);
    script.textContent = JSON.stringify(setup);
    root.replaceWith(fresh); // mount.js stops the old page and starts the new one
  }

  function look() {
    if (newest > (version ?? 0) && !isUnderWay && isFree()) void renew();
  }

  return {
    /** Whether this page is about to be exchanged: its leases are the new one's. */
    get isUnderWay() {
      return isUnderWay;
    },
    hear(found) {
      if (!(found > newest)) return;
      newest = found;
      say(WORDS);
      look();
    },
    look,
  };
}

/** Whether somebody has begun to write something within `root`. */
export function isTyping(root) {
  const { activeElement } = document;
  const isText = activeElement?.matches("textarea, input:not([type=checkbox], [type=radio], [type=range])");
  return Boolean(isText) && root.contains(activeElement) && activeElement.value !== "";
}

async function loadElement(id) {
  const response = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!response.ok) return null;
  return new DOMParser().parseFromString(await response.text(), "text/html").getElementById(id);
}
