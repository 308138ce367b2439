// Time spent looking at one item: stands still while the page is hidden.

export function createStopwatch(now = () => performance.now()) {
  let total = 0;
  let since = now();

  return {
    restart() {
      total = 0;
      since = now();
    },
    pause() {
      if (since !== null) total += now() - since;
      since = null;
    },
    resume() {
      since ??= now();
    },
    get elapsedMs() {
      return Math.round(total + (since === null ? 0 : now() - since));
    },
  };
}
