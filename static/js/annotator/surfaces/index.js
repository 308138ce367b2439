// Surfaces by the tag of the object they show; only those a project needs are fetched.

const MODULES = {
  Audio: "./audio.js",
  HyperText: "./hypertext.js",
  Image: "./image.js",
  Paragraphs: "./paragraphs.js",
  Table: "./table.js",
  Text: "./text.js",
  TimeSeries: "./timeseries.js",
};

/** A map from tag to createSurface. */
export async function loadSurfaces(tags) {
  const wanted = [...new Set(tags)];
  const loaded = await Promise.all(
    wanted.map(async (tag) => {
      if (!MODULES[tag]) throw new Error(`This page cannot show ${tag}.`);
      return [tag, (await import(MODULES[tag])).createSurface];
    }),
  );
  return new Map(loaded);
}
