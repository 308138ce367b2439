// Draws points with WebGL, or on a plain canvas where there is none; pans and zooms. Knows nothing of items.

const VERTEX = `
attribute vec2 place; attribute vec4 color;
uniform vec2 center; uniform vec2 scale; uniform float size;
varying vec4 shade;
void main() { gl_Position = vec4((place - center) * scale, 0.0, 1.0); gl_PointSize = size * (color.a > 0.9 ? 1.0 : 0.8); shade = color; }`;
const FRAGMENT = `
precision mediump float; varying vec4 shade;
void main() { vec2 p = gl_PointCoord - 0.5; if (dot(p, p) > 0.25 || shade.a == 0.0) discard; gl_FragColor = vec4(shade.rgb * shade.a, shade.a); }`;

const SLOW_FRAME = 45; // milliseconds from which fewer points are drawn while the map moves
const FEWEST = 8000;
const REST = 160; // milliseconds of rest after which all are drawn again
const NEAREST = 400;
const FARTHEST = 0.5;

function compile(gl) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
  return program;
}

function webglPainter(canvas) {
  const gl = canvas.getContext("webgl", { antialias: false, alpha: true, preserveDrawingBuffer: true });
  if (!gl) return null;
  const program = compile(gl);
  gl.useProgram(program);
  const buffers = ["place", "color"].map((name, at) => {
    const buffer = gl.createBuffer();
    const where = gl.getAttribLocation(program, name);
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(where);
    if (at === 0) gl.vertexAttribPointer(where, 2, gl.FLOAT, false, 0, 0);
    else gl.vertexAttribPointer(where, 4, gl.UNSIGNED_BYTE, true, 0, 0);
    return buffer;
  });
  const uniforms = Object.fromEntries(["center", "scale", "size"].map((name) => [name, gl.getUniformLocation(program, name)]));
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  let count = 0;
  const fill = (buffer, data) => { gl.bindBuffer(gl.ARRAY_BUFFER, buffer); gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW); };
  return {
    kind: "webgl",
    setPlaces(places) { count = places.length / 2; fill(buffers[0], places); },
    setColors(colors) { fill(buffers[1], colors); },
    draw(center, scale, size, shown) {
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform2f(uniforms.center, ...center);
      gl.uniform2f(uniforms.scale, (2 * scale) / canvas.width, (2 * scale) / canvas.height);
      gl.uniform1f(uniforms.size, size);
      gl.drawArrays(gl.POINTS, 0, Math.min(shown, count));
    },
    destroy() { gl.getExtension("WEBGL_lose_context")?.loseContext(); },
  };
}

function plainPainter(canvas) {
  const pen = canvas.getContext("2d");
  let places = new Float32Array();
  let colors = new Uint8Array();
  return {
    kind: "2d",
    setPlaces(given) { places = given; },
    setColors(given) { colors = given; },
    draw(center, scale, size, shown) {
      pen.clearRect(0, 0, canvas.width, canvas.height);
      for (let point = 0; point < Math.min(shown, places.length / 2); point += 1) {
        const alpha = colors[4 * point + 3];
        if (!alpha) continue;
        pen.fillStyle = `rgba(${colors[4 * point]},${colors[4 * point + 1]},${colors[4 * point + 2]},${alpha / 255})`;
        const x = (places[2 * point] - center[0]) * scale + canvas.width / 2;
        const y = canvas.height / 2 - (places[2 * point + 1] - center[1]) * scale;
        pen.fillRect(x - size / 2, y - size / 2, size, size);
      }
    },
    destroy() {},
  };
}

/** The places 0..count-1 in an order that looks random and is always the same. */
function shuffle(count) {
  const order = Uint32Array.from({ length: count }, (_, place) => place);
  let seed = 1;
  for (let place = count - 1; place > 0; place -= 1) {
    seed = (seed * 48271) % 2147483647;
    const other = seed % (place + 1);
    [order[place], order[other]] = [order[other], order[place]];
  }
  return order;
}

/** A view on points in map units (about -1..1, y upward). `onDraw` is called after every frame. */
export function createView(canvas, onDraw) {
  const painter = webglPainter(canvas) ?? plainPainter(canvas);
  let center = [0, 0];
  let zoom = 1;
  let count = 0;
  let frame = 0;
  let order = new Uint32Array();
  let budget = Infinity; // points a frame while the map moves; found by how long frames take
  let movedAt = 0;
  let paintedAt = 0;
  let resting = 0;
  const ratio = () => Math.min(window.devicePixelRatio || 1, 2);
  const scale = () => (zoom * Math.min(canvas.width, canvas.height)) / 2.3;
  const size = () => Math.min(14, Math.max(2, 260 / Math.sqrt(count + 400)) * zoom ** 0.3) * ratio();

  const paint = () => {
    frame = 0;
    const now = performance.now();
    const isMoving = now - movedAt < REST;
    const elapsed = now - paintedAt;
    if (isMoving && elapsed < 1000) budget = adapt(Math.min(budget, count), elapsed);
    paintedAt = now;
    painter.draw(center, scale(), size(), isMoving ? budget : Infinity);
    onDraw();
  };
  const adapt = (points, elapsed) => {
    if (elapsed > SLOW_FRAME) return Math.max(FEWEST, points * 0.6);
    return elapsed < SLOW_FRAME / 2 ? points * 1.2 : points;
  };
  const move = () => {
    movedAt = performance.now();
    window.clearTimeout(resting);
    resting = window.setTimeout(draw, REST + 10);
    draw();
  };
  const draw = () => { frame ||= requestAnimationFrame(paint); };
  const resize = () => {
    const box = canvas.getBoundingClientRect();
    canvas.width = Math.max(1, Math.round(box.width * ratio()));
    canvas.height = Math.max(1, Math.round(box.height * ratio()));
    draw();
  };
  const observer = new ResizeObserver(resize);
  observer.observe(canvas);
  resize();

  const toMap = ([px, py]) => [
    ((px * ratio() - canvas.width / 2) / scale()) + center[0],
    ((canvas.height / 2 - py * ratio()) / scale()) + center[1],
  ];
  const toPage = ([x, y]) => [
    ((x - center[0]) * scale() + canvas.width / 2) / ratio(),
    (canvas.height / 2 - (y - center[1]) * scale()) / ratio(),
  ];
  return {
    kind: painter.kind,
    draw, paint, toMap, toPage,
    unit: () => scale() / ratio(), // page pixels a map unit
    setPoints(x, y) {
      count = x.length;
      const places = new Float32Array(2 * count);
      order = shuffle(count); // so that the first points of the buffer are a fair picture of all
      order.forEach((point, place) => { places[2 * place] = x[point]; places[2 * place + 1] = y[point]; });
      painter.setPlaces(places);
      draw();
    },
    setColors(colors) {
      const whole = new Uint32Array(colors.buffer);
      const shuffled = Uint32Array.from(order, (point) => whole[point]);
      painter.setColors(new Uint8Array(shuffled.buffer));
      draw();
    },
    panBy(dx, dy) {
      center = [center[0] - (dx * ratio()) / scale(), center[1] + (dy * ratio()) / scale()];
      move();
    },
    zoomBy(factor, at) {
      const fixed = toMap(at);
      zoom = Math.min(NEAREST, Math.max(FARTHEST, zoom * factor));
      const moved = toMap(at);
      center = [center[0] + fixed[0] - moved[0], center[1] + fixed[1] - moved[1]];
      move();
    },
    place: () => [...center, zoom],
    lookAt(place, wanted = zoom) { center = [...place]; zoom = Math.min(NEAREST, Math.max(FARTHEST, wanted)); draw(); },
    destroy() { observer.disconnect(); cancelAnimationFrame(frame); window.clearTimeout(resting); painter.destroy(); },
  };
}
