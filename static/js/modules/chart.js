// Draws a Plotly figure from the JSON inside the element once it comes near the view, in the colors of the theme.
// A clicked point whose customdata starts with "/" is a link. A figure that htmx swaps in again keeps its zoom.

const PLOTLY = new URL("../../vendor/plotly/plotly.min.js", import.meta.url).href;
let loading = null;

export const CONFIG = {
  displaylogo: false,
  responsive: true,
  displayModeBar: "hover",
  modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
};

export function loadPlotly() {
  loading ??= new Promise((resolve, reject) => {
    if (window.Plotly) return resolve(window.Plotly);
    const script = document.createElement("script");
    script.src = PLOTLY;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => reject(new Error("the chart library could not be loaded"));
    document.head.append(script);
  });
  return loading;
}

// Plotly reads colors with its own parser: hand it what the browser has resolved, as rgb().
function resolver() {
  const probe = document.createElement("span");
  probe.hidden = true;
  document.body.append(probe);
  const canvas = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  return {
    color(name) {
      probe.style.color = `var(${name})`;
      canvas.clearRect(0, 0, 1, 1);
      canvas.fillStyle = getComputedStyle(probe).color;
      canvas.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
      return `rgba(${red},${green},${blue},${(alpha / 255).toFixed(3)})`;
    },
    done: () => probe.remove(),
  };
}

export function themeLayout() {
  const { color, done } = resolver();
  const line = color("--gm-line");
  const strong = color("--gm-line-strong");
  const axis = { gridcolor: line, zerolinecolor: strong, linecolor: strong, tickcolor: strong, automargin: true };
  const layout = {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: getComputedStyle(document.body).fontFamily, size: 12, color: color("--gm-text-soft") },
    hoverlabel: { bgcolor: color("--gm-surface"), bordercolor: strong, font: { color: color("--gm-text"), size: 12 } },
    legend: { font: { color: color("--gm-text") } },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: color("--gm-text-soft"), activecolor: color("--gm-accent") },
    xaxis: axis,
    yaxis: axis,
    colorway: Array.from({ length: 8 }, (_, n) => color(`--gm-series-${n + 1}`)),
    margin: { l: 48, r: 16, t: 16, b: 44 },
  };
  done();
  return layout;
}

export function merge(base, extra) {
  const result = { ...base };
  for (const [key, value] of Object.entries(extra ?? {})) {
    const isPlain = value && typeof value === "object" && !Array.isArray(value);
    result[key] = isPlain ? merge(result[key] ?? {}, value) : value;
  }
  return result;
}

// Every axis of the figure (xaxis2, yaxis3 …) gets the theme's axis, and no layout sets its own font color.
export function themed(layout, height) {
  const theme = themeLayout();
  const axes = Object.keys(layout ?? {}).filter((key) => /^[xy]axis\d+$/.test(key));
  const more = Object.fromEntries(axes.map((key) => [key, theme.xaxis]));
  return merge({ ...theme, ...more }, { ...layout, height, autosize: true });
}

// A heatmap chooses black or white text by the cell's color without its transparency: lay the color on the surface.
function flatten(color, ground) {
  const parts = /^rgba\(([\d.]+),\s*([\d.]+),\s*([\d.]+),\s*([\d.]+)\)$/.exec(color);
  if (!parts) return color;
  const [red, green, blue, alpha] = parts.slice(1).map(Number);
  const mixed = [red, green, blue].map((value, n) => Math.round(value * alpha + ground[n] * (1 - alpha)));
  return `rgb(${mixed.join(",")})`;
}

export function themedData(traces) {
  const { color, done } = resolver();
  const ground = color("--gm-surface").match(/[\d.]+/g).map(Number);
  done();
  return traces.map((trace) => {
    if (trace.type !== "heatmap" || !Array.isArray(trace.colorscale)) return trace;
    return { ...trace, colorscale: trace.colorscale.map(([at, value]) => [at, flatten(value, ground)]) };
  });
}

function linkOf(point) {
  const data = point?.customdata;
  const value = Array.isArray(data) ? data.find((one) => typeof one === "string" && one.startsWith("/")) : data;
  return typeof value === "string" && /^\/(?!\/)/.test(value) ? value : null;
}

function addLinks(box) {
  box.on("plotly_click", (event) => {
    const link = linkOf(event.points[0]);
    if (!link) return;
    if (event.event?.ctrlKey || event.event?.metaKey) window.open(link, "_blank", "noopener");
    else window.location.assign(link);
  });
  box.on("plotly_hover", (event) => box.classList.toggle("is-link", Boolean(linkOf(event.points[0]))));
  box.on("plotly_unhover", () => box.classList.remove("is-link"));
}

export function mount(element) {
  const source = element.querySelector('script[type="application/json"]');
  const figure = JSON.parse(source.textContent);
  const height = element.clientHeight || 320;
  const box = document.createElement("div");
  box.className = "chart-box";
  let isDrawn = false;
  let isDestroyed = false;

  const draw = async () => {
    const Plotly = await loadPlotly();
    if (isDestroyed) return;
    if (!box.isConnected) element.append(box);
    await Plotly.react(box, themedData(figure.data), themed(figure.layout, height), { ...CONFIG, ...figure.config });
    if (isDrawn || isDestroyed) return;
    isDrawn = true;
    element.classList.add("is-drawn");
    addLinks(box);
  };

  const fail = (error) => {
    box.remove();
    element.classList.add("is-failed");
    element.append(Object.assign(document.createElement("p"), { textContent: `The chart could not be drawn: ${error.message}` }));
  };

  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    draw().catch(fail);
  }, { rootMargin: "300px" });
  observer.observe(element);
  const onTheme = () => isDrawn && draw();
  document.addEventListener("gristmill:theme", onTheme);
  return () => {
    isDestroyed = true;
    observer.disconnect();
    document.removeEventListener("gristmill:theme", onTheme);
    if (isDrawn) window.Plotly.purge(box);
  };
}
