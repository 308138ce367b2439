// What is drawn as a question to a model, as Label Studio's smart tools ask it: a point may say where the thing is not.

import { buildEntry } from "./regions.js";

const ASKING = new Set(["RectangleLabels", "KeyPointLabels"]); // what a model can be asked with

const says = (control, name) => String(control.attrs?.[name] ?? control.attrs?.[name.toLowerCase()]).toLowerCase() === "true";

/**
 * `armedControl()` is what is drawn with. Where the configuration says `smart` or `smartOnly` of a control, only such ones
 * ask; a `smartOnly` one does nothing else. Where it says neither, every box and every point can ask.
 */
export function createPrompting({ object, controls, session, settings, preferences, armedControl }) {
  const able = settings.smart ? controls.filter(({ tag }) => ASKING.has(tag)) : [];
  const named = able.filter((control) => says(control, "smart") || says(control, "smartOnly"));
  const asking = named.length ? named : able;

  const canAsk = () => asking.includes(armedControl());
  const isAlways = () => canAsk() && says(armedControl(), "smartOnly");
  const isOn = () => canAsk() && (preferences.isSmart || isAlways());

  return {
    asking,
    canAsk,
    isAlways,
    isOn,
    /** Sends a shape, written as `value` of a region; the other way round than the switch says with `isTurned` (Alt). */
    ask(value, frame, isTurned = false) {
      const entry = buildEntry({ control: armedControl(), object, labels: session.armed.labels, value, frame });
      return settings.smart.ask({ ...entry, is_positive: preferences.isNegative === isTurned });
    },
  };
}
