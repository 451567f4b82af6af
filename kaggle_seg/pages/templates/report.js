"use strict";
(() => {
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const byId = (id) => document.getElementById(id);
  const slider = byId("level");
  const MISSED = [230, 159, 0], FALSE = [0, 114, 178], PALE = 0.5;
  const BUILDING = 1, DECIDED = 2;
  let level = null; // null: the masks of the decision itself

  // --- the tiles: levels, truth and decision come packed, so that no browser's colour management touches them ---

  async function unpack(text) {
    const packed = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  async function open(figure) {
    const [truth, mask] = figure.querySelectorAll("canvas");
    const picture = figure.querySelector("img");
    await picture.decode();
    const tile = { figure, mask, size: facts.width * facts.height };
    tile.planes = await unpack(figure.dataset.planes);
    const context = truth.getContext("2d");
    context.drawImage(picture, 0, 0);
    tile.image = context.getImageData(0, 0, facts.width, facts.height).data;
    paint(truth, tile.image, (pixel) => (tile.planes[tile.size + pixel] & BUILDING ? "met" : "none"));
    return tile;
  }

  function paint(canvas, image, kind) {
    const context = canvas.getContext("2d");
    const drawn = context.createImageData(canvas.width, canvas.height);
    for (let pixel = 0, at = 0; at < image.length; pixel += 1, at += 4) {
      const what = kind(pixel);
      for (let channel = 0; channel < 3; channel += 1) {
        const value = image[at + channel];
        drawn.data[at + channel] =
          what === "met" ? 255 - (255 - value) * PALE
          : what === "missed" ? MISSED[channel]
          : what === "false" ? FALSE[channel]
          : value * PALE;
      }
      drawn.data[at + 3] = 255;
    }
    context.putImageData(drawn, 0, 0);
  }

  function show(tile) {
    const { planes, size } = tile;
    let met = 0, wrong = 0;
    paint(tile.mask, tile.image, (pixel) => {
      const truth = planes[size + pixel] & BUILDING;
      const predicted = level === null ? planes[size + pixel] & DECIDED : planes[pixel] >= level;
      if (truth && predicted) { met += 1; return "met"; }
      if (!truth && !predicted) return "none";
      wrong += 1;
      return truth ? "missed" : "false";
    });
    const union = met + wrong;
    const iou = union ? `IoU ${(met / union).toFixed(3)}` : "nothing there, nothing predicted";
    tile.figure.querySelector(".now").textContent = level === null ? "" : `; at ${(level / 256).toFixed(3)}: ${iou}`;
    tile.mask.dataset.met = met;
    tile.mask.dataset.wrong = wrong;
  }

  // --- the numbers of a threshold, or of the decision ---

  function numbersNow() {
    if (level === null) return facts.decided;
    const at = level - 1;
    const readings = Object.fromEntries(Object.entries(facts.readings).map(([name, curve]) => [name, curve[at]]));
    return {
      readings,
      passed: facts.passed.map((counts) => counts[at]),
      empty: facts.empty[at],
      empty_test: facts.empty_test ? facts.empty_test[at] : null,
    };
  }

  const named = () => (level === null ? `as decided (${facts.words})` : `threshold ${(level / 256).toFixed(3)}`);

  function describe() {
    const numbers = numbersNow();
    const scores = [facts.score, facts.iou].map((name) => numbers.readings[name].toFixed(3));
    const line = `${named()}: score ${scores[0]}, mean IoU ${scores[1]}, ${numbers.empty} of ${facts.tiles} tiles left empty`;
    byId("now").textContent = line[0].toUpperCase() + line.slice(1);
    slider.setAttribute("aria-valuetext", line);
    byId("decided").setAttribute("aria-pressed", String(level === null));
    const rows = Object.entries(numbers.readings).map(([name, value]) => [name, value.toFixed(3)]);
    rows.push(["validation tiles left empty", `${numbers.empty} of ${facts.tiles}`]);
    if (numbers.empty_test !== null) rows.push(["test tiles left empty", `${numbers.empty_test} of ${facts.test_tiles}`]);
    facts.steps.forEach((step, index) => rows.push([`tiles with an IoU above ${step}`, String(numbers.passed[index])]));
    byId("numbers").replaceChildren(table(named(), rows), command());
  }

  function table(caption, rows) {
    const made = document.createElement("table");
    made.createCaption().textContent = caption[0].toUpperCase() + caption.slice(1);
    const body = made.createTBody();
    for (const [name, value] of rows) {
      const row = body.insertRow();
      const head = document.createElement("th");
      head.scope = "row";
      head.textContent = name;
      row.append(head);
      row.insertCell().textContent = value;
    }
    return made;
  }

  function command() {
    const line = document.createElement("div"), code = document.createElement("code");
    const button = document.createElement("button"), state = document.createElement("span");
    line.className = "command";
    // k/256 has at most eight decimals, so that the command reads exactly this level
    code.textContent = facts.command + (level === null ? "" : ` --threshold ${level / 256}`);
    button.type = "button";
    button.textContent = "Copy";
    button.title = "Copy the command that makes the CSV of these masks";
    button.addEventListener("click", () => copy(code, state));
    state.setAttribute("role", "status");
    line.append(code, button, state);
    return line;
  }

  async function copy(code, state) {
    try {
      await navigator.clipboard.writeText(code.textContent);
      state.textContent = "copied";
    } catch {
      getSelection().selectAllChildren(code);
      state.textContent = "selected: copy it with Ctrl+C";
    }
  }

  function cursor() {
    const axes = document.querySelector("#threshold svg.axes");
    let line = axes.querySelector(".cursor");
    if (!line) {
      line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      line.setAttribute("class", "cursor");
      axes.append(line);
    }
    const { left, right, top, bottom } = axes.dataset;
    const x = Number(left) + ((level ?? 0) / 256) * (right - left);
    for (const [name, value] of Object.entries({ x1: x, x2: x, y1: top, y2: bottom })) line.setAttribute(name, value);
    line.setAttribute("visibility", level === null ? "hidden" : "visible");
  }

  // --- together ---

  let asked = 0;
  function update(tiles) {
    describe();
    cursor();
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(() => tiles.forEach(show));
  }

  async function start() {
    const tiles = [];
    update(tiles);
    byId("live").addEventListener("submit", (event) => event.preventDefault());
    slider.addEventListener("input", () => { level = Number(slider.value); update(tiles); });
    byId("decided").addEventListener("click", () => {
      level = null;
      slider.value = facts.decided.level ?? 128;
      update(tiles);
    });
    for (const figure of document.querySelectorAll(".tile")) {
      tiles.push(await open(figure));
      show(tiles.at(-1));
    }
    document.documentElement.dataset.ready = "true";
  }
  start();
})();
