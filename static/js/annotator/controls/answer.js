// What a control says and how it is said: the same three lines in every control.

import { buildEntry, valueKey } from "../interface.js";

export function createAnswer({ control, session, id }) {
  const place = { control: control.name, id };
  const region = () => session.regions.find((one) => one.id === id);
  return {
    /** What was said, null for nothing. */
    read: () => session.get(control.name, id)?.[valueKey(control.type)] ?? null,
    /** Say `content`; an empty one takes it back. Steps with the same `merge` are one undo. */
    write(content, options) {
      const entry = buildEntry(control, content);
      if (entry && id !== null) entry.to_name = region()?.main.to_name ?? entry.to_name;
      return session.set(place, entry, options);
    },
    verbId: (value) => `answer:${control.name}:${value}`,
  };
}
