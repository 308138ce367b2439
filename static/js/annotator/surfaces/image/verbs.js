// What one can do on a picture beside drawing: each verb with its key, and the toolbar's buttons for the same.

const BRUSH_STEP = 1.25;
const THINNEST = 0.002;
const WIDEST = 0.5;
const TURN = 5; // degrees, of a shape by one key press
const within = (value, low, high) => Math.min(high, Math.max(low, value));

function createActions({ editing, viewport, preferences, repaint }) {
  const toggle = (name) => () => {
    preferences[name] = !preferences[name];
    repaint();
  };
  const scaleBrush = (factor) => () => {
    preferences.brushShare = within(preferences.brushShare * factor, THINNEST, WIDEST);
    repaint();
  };
  return {
    toggle,
    widerBrush: scaleBrush(BRUSH_STEP),
    thinnerBrush: scaleBrush(1 / BRUSH_STEP),
  };
}

/** Verbs that only look; `nudge(dx, dy)` moves the view, or what is selected, by steps. */
export function listLookingVerbs(viewport, nudge, moved = "the view") {
  const turn = (degrees) => () => viewport.turnBy(degrees);
  const light = (steps) => () => viewport.brighten(steps);
  return [
    { id: "image:zoom-in", keys: ["+", "="], words: "Zoom in", run: viewport.zoomIn, repeats: true },
    { id: "image:zoom-out", keys: ["-"], words: "Zoom out", run: viewport.zoomOut, repeats: true },
    { id: "image:fit", keys: ["Shift+f"], words: "Fit the picture into view", run: viewport.fit },
    { id: "image:actual", keys: ["Shift+a"], words: "Actual size", run: viewport.actualSize },
    { id: "image:turn-right", keys: ["Shift+r"], words: "Turn the picture right", run: turn(90) },
    { id: "image:turn-left", keys: ["Shift+l"], words: "Turn the picture left", run: turn(-90) },
    { id: "image:brighter", keys: ["Shift+b"], words: "Brighter", run: light(1), repeats: true },
    { id: "image:darker", keys: ["Shift+d"], words: "Darker", run: light(-1), repeats: true },
    { id: "image:left", keys: ["Shift+ArrowLeft"], words: `Move ${moved} left`, run: () => nudge(-1, 0), repeats: true },
    { id: "image:right", keys: ["Shift+ArrowRight"], words: "… right", run: () => nudge(1, 0), repeats: true },
    { id: "image:up", keys: ["Shift+ArrowUp"], words: "… up", run: () => nudge(0, -1), repeats: true },
    { id: "image:down", keys: ["Shift+ArrowDown"], words: "… down", run: () => nudge(0, 1), repeats: true },
  ];
}

/** The buttons for the same. */
export function listLookingTools(viewport) {
  return [
    { icon: "zoom-out", words: "Zoom out", run: viewport.zoomOut },
    { icon: "maximize", words: "Fit the picture into view", run: viewport.fit },
    { icon: "zoom-in", words: "Zoom in", run: viewport.zoomIn },
    { icon: "rotate-clockwise", words: "Turn the picture", run: () => viewport.turnBy(90) },
    { icon: "brightness-up", words: "Brightness", min: -2, max: 2, step: 0.1,
      read: () => Math.log2(viewport.light), write: (steps) => viewport.setLight(2 ** steps) },
  ]; // prettier-ignore
}

/** Verbs with keys for the page: {id, keys, spare?, words, run, repeats?}. */
export function listVerbs(context) {
  const { drawing, editing, viewport, isReadOnly, disarm } = context;
  const act = createActions(context);
  const looking = listLookingVerbs(viewport, editing.nudge, "the selected shape, or the view,");
  if (!drawing.length) return looking;
  const names = { id: "image:names", keys: ["Shift+t"], words: "Show or hide the names of regions", run: act.toggle("hasNames") };
  const near = { id: "image:zoom-region", keys: ["Shift+z"], words: "Zoom to the selected region", run: editing.zoomToSelected };
  if (isReadOnly) return [...looking, names, near];
  return [...looking, names, near, ...listDrawingVerbs(context, act, disarm)];
}

function listDrawingVerbs({ drawing, editing }, act, disarm) {
  const has = (tag) => drawing.some((control) => control.tag === tag);
  return [
    { id: "image:select", keys: ["v"], spare: ["Shift+v"], words: "Select, without a label to draw with", run: disarm },
    { id: "image:insert", keys: ["Shift+i"], words: "Put in a shape of the chosen label, or a dab of the brush, without a pointer", run: editing.insert },
    { id: "image:grow", keys: ["Ctrl+ArrowUp"], words: "Make the selected shape larger", run: () => editing.grow(1), repeats: true },
    { id: "image:shrink", keys: ["Ctrl+ArrowDown"], words: "Make the selected shape smaller", run: () => editing.grow(-1), repeats: true },
    { id: "image:turn-shape-right", keys: ["Ctrl+ArrowRight"], words: "Turn the selected shape right", run: () => editing.turn(TURN), repeats: true },
    { id: "image:turn-shape-left", keys: ["Ctrl+ArrowLeft"], words: "Turn the selected shape left", run: () => editing.turn(-TURN), repeats: true },
    { id: "image:duplicate", keys: ["Ctrl+d"], words: "Duplicate the selected regions", run: editing.duplicate },
    { id: "image:copy", keys: ["Shift+c"], words: "Copy the regions of the item before", run: editing.copyPrevious },
    { id: "image:over", keys: ["Shift+o"], words: "Draw over the selected region, or change it", run: act.toggle("isOver") },
    { id: "image:snap", keys: ["Shift+m"], words: "Snap to the edges of the picture, or not", run: act.toggle("isSnapping") },
    ...(has("RectangleLabels")
      ? [{ id: "image:extreme", keys: ["x"], spare: ["Shift+x"], words: "Boxes by four extreme points, or by dragging", run: act.toggle("isExtreme") }]
      : []),
    ...(editing.prompting.asking.length
      ? [
          { id: "image:smart", keys: ["i"], spare: ["Ctrl+i"], words: "Smart tool: ask the model with a box or a point, or draw", run: act.toggle("isSmart") },
          { id: "image:not-there", keys: ["_"], words: "Smart tool: say where the thing is, or where it is not", run: act.toggle("isNegative") },
        ]
      : []),
    ...(has("PolygonLabels")
      ? [
          { id: "image:corner", keys: ["k"], spare: ["Ctrl+k"], words: "Choose the next corner of the selected polygon", run: editing.corners.next, repeats: true },
          { id: "image:corner-add", keys: ["Insert"], words: "Put a corner behind the chosen one", run: editing.corners.add },
          { id: "image:corner-remove", keys: ["Shift+Delete", "Shift+Backspace"], words: "Take the chosen corner out", run: editing.corners.remove },
        ]
      : []),
    ...(has("BrushLabels")
      ? [
          { id: "image:eraser", keys: ["e"], spare: ["Shift+e"], words: "Brush or eraser", run: act.toggle("isEraser") },
          { id: "image:wider", keys: ["]"], words: "Wider brush", run: act.widerBrush, repeats: true },
          { id: "image:thinner", keys: ["["], words: "Thinner brush", run: act.thinnerBrush, repeats: true },
        ]
      : []),
  ]; // prettier-ignore
}

/** What the toolbar shows, in groups. */
export function listToolGroups(context) {
  const { drawing, editing, viewport, preferences, session, isReadOnly, repaint, disarm } = context;
  const { prompting } = editing;
  const act = createActions(context);
  const looking = listLookingTools(viewport);
  if (!drawing.length) return [looking];
  const names = { icon: "tag", words: "Names of regions", run: act.toggle("hasNames"), isOn: () => preferences.hasNames };
  if (isReadOnly) return [[...looking, names]];
  const isTool = (...tools) => () => tools.includes(editing.armedTool());
  return [
    [
      { icon: "pointer", words: "Select, without a label to draw with", run: disarm, isOn: () => session.armed === null },
      { icon: "target", words: "Boxes by four extreme points", run: act.toggle("isExtreme"), isOn: () => preferences.isExtreme,
        isShown: isTool("rectangle", "extreme") },
      { icon: "wand", words: "Smart tool: ask the model with a box or a point (Alt: where the thing is not)", run: act.toggle("isSmart"),
        isOn: prompting.isOn, isShown: () => prompting.canAsk() && !prompting.isAlways() },
      { icon: "minus", words: "Say where the thing is not, as Alt does", run: act.toggle("isNegative"), isOn: () => preferences.isNegative,
        isShown: prompting.isOn },
      { icon: "eraser", words: "Eraser", run: act.toggle("isEraser"), isOn: () => preferences.isEraser, isShown: isTool("brush") },
      { icon: "brush", words: "Width of the brush", min: Math.log(THINNEST), max: Math.log(WIDEST), step: 0.05, isShown: isTool("brush"),
        read: () => Math.log(preferences.brushShare), write: (value) => { preferences.brushShare = Math.exp(value); repaint(); } },
      { icon: "stack", words: "Draw over the selected region, as Shift does", run: act.toggle("isOver"), isOn: () => preferences.isOver,
        isShown: () => editing.armedTool() !== null },
      { icon: "magnet", words: "Snap to the edges of the picture", run: act.toggle("isSnapping"), isOn: () => preferences.isSnapping },
      { icon: "copy", words: "Copy the regions of the item before", run: editing.copyPrevious },
    ],
    [...looking, names],
  ]; // prettier-ignore
}
