// Draws a Plotly figure from the JSON inside the element, once it comes into view, in the colors of the theme.

const PLOTLY = new URL("../../vendor/plotly/plotly.min.js", import.meta.url).href;
let loading = null;

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

export function themeLayout() {
  const style = getComputedStyle(document.documentElement);
  const color = (name) => style.getPropertyValue(name).trim();
  const axis = { gridcolor: color("--gm-line"), zerolinecolor: color("--gm-line-strong"), linecolor: color("--gm-line-strong"), tickcolor: color("--gm-line") };
  return {
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: color("--gm-font") || "sans-serif", size: 12, color: color("--gm-text-soft") },
    hoverlabel: { bgcolor: color("--gm-surface"), bordercolor: color("--gm-line-strong"), font: { color: color("--gm-text") } },
    xaxis: axis,
    yaxis: axis,
    colorway: ["#2f6fde", "#d9730d", "#0f9d76", "#c2255c", "#7048e8", "#8a6d1d", "#0b7fab", "#6b7280"],
    margin: { l: 48, r: 12, t: 12, b: 40 },
  };
}

export function merge(base, extra) {
  const result = { ...base };
  for (const [key, value] of Object.entries(extra ?? {})) {
    const isPlain = value && typeof value === "object" && !Array.isArray(value);
    result[key] = isPlain ? merge(result[key] ?? {}, value) : value;
  }
  return result;
}

export const CONFIG = { displaylogo: false, responsive: true, displayModeBar: "hover", modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };

function linkOf(point) {
  const data = point?.customdata;
  const value = Array.isArray(data) ? data[0] : data;
  return typeof value === "string" && value.startsWith("/") ? value : null;
}

export function mount(element) {
  const figure = JSON.parse(element.querySelector('script[type="application/json"]').textContent);
  const box = document.createElement("div");
  box.className = "chart-box";
  let isDrawn = false;
  let isDestroyed = false;
  element.style.minHeight = `${element.dataset.height}px`;

  const draw = async () => {
    const Plotly = await loadPlotly();
    if (isDestroyed) return;
    const layout = merge(themeLayout(), { ...figure.layout, height: Number(element.dataset.height), autosize: true });
    if (!isDrawn) {
      element.querySelector(".chart-skeleton")?.remove();
      element.append(box);
    }
    await Plotly.react(box, figure.data, layout, CONFIG);
    if (!isDrawn) {
      isDrawn = true;
      box.on("plotly_click", (event) => {
        const link = linkOf(event.points[0]);
        if (link) window.location.assign(link);
      });
    }
  };

  const observer = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    observer.disconnect();
    draw().catch((error) => {
      element.textContent = `The chart could not be drawn: ${error.message}`;
    });
  }, { rootMargin: "200px" });
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
