// Draws the curves of one or several runs and appends new points while they train, keeping zoom and hidden traces.
//
// data-curves-url answers {figures: [{id, title, figure}], cursor, is_active}; data-metrics-url, asked with
// since=<cursor>, answers {series: [{run, key, steps, values}], cursor, is_active}. A trace is found by its meta.

import { CONFIG, loadPlotly, merge, themeLayout } from "./chart.js";

const POLL_MS = 2000;
const ERROR_MS = 5000;

/** Exponential moving average; gaps stay gaps. With weight 0 the values themselves. */
export function smooth(values, weight) {
  let average = null;
  return values.map((value) => {
    if (value === null || !Number.isFinite(value)) return value;
    average = average === null ? value : average * weight + value * (1 - weight);
    return average;
  });
}

/** A curve's points with newer ones put in by step: a resumed run writes some steps again. */
export function mergePoints(x, y, steps, values) {
  if (!steps.length) return [x, y];
  if (!x.length || steps[0] > x[x.length - 1]) return [x.concat(steps), y.concat(values)];
  const points = new Map(x.map((step, i) => [step, y[i]]));
  steps.forEach((step, i) => points.set(step, values[i]));
  const order = [...points.keys()].sort((a, b) => a - b);
  return [order, order.map((step) => points.get(step))];
}

function identify(meta) {
  return `${meta.run} ${meta.key}`;
}

export function mount(element) {
  const slider = document.querySelector(element.dataset.smoothing);
  const charts = [];
  let plotly = null;
  let cursor = "";
  let timer = null;
  let isDestroyed = false;

  const draw = (chart) => {
    const weight = Number(slider?.value ?? 0);
    const traces = chart.figure.data.flatMap((trace) => {
      if (weight === 0 || trace.x.length < 3) return [{ ...trace, uid: identify(trace.meta) }];
      const faint = { ...trace, uid: `${identify(trace.meta)} raw`, opacity: 0.2, showlegend: false, hoverinfo: "skip" };
      const smoothed = { ...trace, uid: identify(trace.meta), y: smooth(trace.y, weight) };
      return [{ ...faint, legendgroup: identify(trace.meta) }, { ...smoothed, legendgroup: identify(trace.meta) }];
    });
    plotly.react(chart.node, traces, merge(themeLayout(), { ...chart.figure.layout, autosize: true }), CONFIG);
  };

  const drawAll = () => charts.forEach(draw);

  const rebuild = (figures) => {
    if (!figures.length) return;
    charts.splice(0).forEach((chart) => plotly.purge(chart.node));
    const grid = document.createElement("div");
    grid.className = "row g-3";
    for (const { title, figure } of figures) {
      const column = document.createElement("div");
      column.className = figures.length > 1 ? "col-12 col-xl-6" : "col-12";
      const heading = document.createElement("h3");
      heading.className = "h4 mb-1 text-capitalize";
      heading.textContent = title;
      const node = document.createElement("div");
      node.style.height = "300px";
      node.setAttribute("role", "figure");
      node.setAttribute("aria-label", `Curve of ${title}`);
      column.append(heading, node);
      grid.append(column);
      charts.push({ figure, node });
    }
    element.replaceChildren(grid);
    drawAll();
  };

  const append = (series) => {
    const traces = new Map();
    for (const chart of charts) for (const trace of chart.figure.data) traces.set(identify(trace.meta), { chart, trace });
    if (series.some((one) => !traces.has(identify(one)))) return false;
    const touched = new Set();
    for (const one of series) {
      const { chart, trace } = traces.get(identify(one));
      [trace.x, trace.y] = mergePoints(trace.x, trace.y, one.steps, one.values);
      if (trace.x.length >= 30) trace.mode = "lines";
      touched.add(chart);
    }
    touched.forEach(draw);
    return true;
  };

  const ask = async (url) => {
    const response = await fetch(url, { headers: { Accept: "application/json" } });
    if (!response.ok || response.redirected) throw new Error(`${url} answered ${response.status}`);
    return response.json();
  };

  const readAll = async () => {
    const answer = await ask(element.dataset.curvesUrl);
    if (isDestroyed) return false;
    cursor = answer.cursor;
    rebuild(answer.figures);
    const note = element.querySelector("[data-curves-empty]");
    if (note && !answer.is_active) note.textContent = note.dataset.curvesEmpty;
    return answer.is_active;
  };

  const readNew = async () => {
    const answer = await ask(`${element.dataset.metricsUrl}&since=${encodeURIComponent(cursor)}`);
    if (isDestroyed) return false;
    if (!append(answer.series)) return readAll();
    cursor = answer.cursor;
    return answer.is_active;
  };

  const poll = async () => {
    let pause = POLL_MS;
    let isActive = true;
    try {
      isActive = cursor ? await readNew() : await readAll();
    } catch (error) {
      console.warn("the curves could not be read, trying again", error);
      pause = ERROR_MS;
    }
    if (isActive && !isDestroyed) timer = setTimeout(poll, pause);
  };

  slider?.addEventListener("input", drawAll);
  document.addEventListener("gristmill:theme", drawAll);
  loadPlotly().then((loaded) => {
    plotly = loaded;
    if (!isDestroyed) poll();
  });

  return () => {
    isDestroyed = true;
    clearTimeout(timer);
    slider?.removeEventListener("input", drawAll);
    document.removeEventListener("gristmill:theme", drawAll);
    charts.forEach((chart) => plotly.purge(chart.node));
  };
}
