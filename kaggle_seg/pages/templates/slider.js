// The threshold slider of a page: what every threshold does to the scores; its facts come from slider.py.

class Slider {
  // onChange gets the slider's new place, or null for the page's own masks; `most` scores are told beside the slider.
  constructor(facts, onChange, most) {
    this.facts = facts;
    this.most = most;
    this.range = document.getElementById("level");
    this.range.max = facts.thresholds.length - 1;
    this.range.addEventListener("input", () => onChange(Number(this.range.value)));
    document.getElementById("own").addEventListener("click", () => onChange(null));
    document.getElementById("copy").addEventListener("click", () => this.copy());
    const more = document.getElementById("slider-more");
    if (more && matchMedia("(max-width: 64rem)").matches) more.open = false;
  }

  // Where the slider rests while the page's own masks are shown.
  restingPlace() {
    const curve = Object.values(this.facts.scores?.variants ?? {})[0];
    const known = this.facts.own ?? this.facts.tuned;
    if (known !== null) return known;
    return curve ? curve.indexOf(Math.max(...curve)) : Math.floor(this.facts.thresholds.length / 2);
  }

  show(place) {
    const own = place === null, at = place ?? this.restingPlace();
    const heading = own ? this.facts.heading : `Threshold ${(this.facts.thresholds[at] / 256).toFixed(3)}`;
    const scores = this.scoresAt(place, at), lines = [...this.tileLine(place), ...this.scoreLines(scores, own)];
    const brief = scores?.brief.slice(0, this.most).map(([name, value]) => `${name} ${value}`) ?? [];
    const told = [heading, ...brief].join("; ");
    this.range.value = at;
    this.range.setAttribute("aria-valuetext", told);
    document.getElementById("now").textContent = told;
    document.getElementById("lines").replaceChildren(...lines.map(([name, value]) => makeRow(name, value)));
    document.getElementById("own").setAttribute("aria-pressed", String(own));
    // k/256 has at most eight decimals, so the command names exactly this level
    const command = own ? this.facts.ownCommand : `${this.facts.command} --threshold ${this.facts.thresholds[at] / 256}`;
    document.getElementById("command").textContent = command;
    document.getElementById("copied").textContent = "";
    this.showSteps(scores);
    this.moveCursor(own && (this.facts.scores?.own || !this.facts.isThreshold) ? null : at);
  }

  // The validation scores of the slider's place, or of the page's own masks; null where they are unknown.
  scoresAt(place, at) {
    const scores = this.facts.scores;
    if (!scores || (place === null && !scores.own && !this.facts.isThreshold)) return null;
    const whole = place === null && scores.own;
    const variants = whole
      ? Object.entries(scores.own.variants)
      : Object.entries(scores.variants).map(([name, curve]) => [name, curve[at]]);
    const written = variants.map(([name, value]) => [name, value.toFixed(3)]);
    const empty = whole ? scores.own.empty : scores.empty[at];
    return {
      variants: written,
      passed: whole ? scores.own.passed : scores.passed.map((counts) => counts[at]),
      empty: `${empty} of ${scores.tiles}${this.change(empty, scores.empty)}`,
      brief: [...written.filter(([name]) => scores.first.includes(name)), ["validation tiles left empty", `${empty} of ${scores.tiles}`]],
    };
  }

  scoreLines(scores, own) {
    const told = own && this.facts.ownScore ? [["validation score (95 % interval)", this.facts.ownScore]] : [];
    const name = "validation tiles left empty", counted = this.facts.tiles?.name === name;
    return scores ? [...(counted ? [] : [[name, scores.empty]]), ...told, ...scores.variants] : told;
  }

  // How many of the tiles that the page shows, or of the test tiles, are left empty.
  tileLine(place) {
    const tiles = this.facts.tiles;
    if (!tiles || (place === null && !tiles.own)) return [];
    if (place === null) return [[tiles.name, `${tiles.own[0]} of ${tiles.own[1]}`]];
    return [[tiles.name, `${tiles.empty[place]} of ${tiles.tiles}${this.change(tiles.empty[place], tiles.empty)}`]];
  }

  // How a count differs from that at the tuned threshold.
  change(count, counts) {
    const by = this.facts.tuned === null ? 0 : count - counts[this.facts.tuned];
    return by ? ` (${signed(by)})` : "";
  }

  showSteps(scores) {
    const table = document.getElementById("steps");
    if (!table) return;
    table.hidden = !scores;
    scores?.passed.forEach((count, step) => {
      const [, tiles, change] = table.tBodies[0].rows[step].cells;
      tiles.textContent = count;
      change.textContent = this.facts.tuned === null ? "" : signed(count - this.facts.scores.passed[step][this.facts.tuned]);
    });
  }

  moveCursor(place) {
    const axes = document.querySelector("#threshold svg.axes");
    if (!axes) return;
    const line = axes.querySelector(".cursor") ?? axes.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "line"));
    line.setAttribute("class", "cursor");
    line.setAttribute("visibility", place === null ? "hidden" : "visible");
    const { left, right, top, bottom } = axes.dataset;
    const x = Number(left) + ((this.facts.thresholds[place ?? 0]) / 256) * (right - left);
    for (const [name, value] of Object.entries({ x1: x, x2: x, y1: top, y2: bottom })) line.setAttribute(name, value);
  }

  async copy() {
    const command = document.getElementById("command"), told = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(command.textContent);
      told.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(command);
      told.textContent = "Selected: copy it with Ctrl+C.";
    }
  }
}

const signed = (number) => (number > 0 ? `+${number}` : String(number));

function makeText(kind, text, classes = "") {
  const made = document.createElement(kind);
  made.textContent = text;
  if (classes) made.className = classes;
  return made;
}

function makeRow(name, value) {
  const row = document.createElement("tr"), head = makeText("th", name);
  head.scope = "row";
  row.append(head, makeText("td", value));
  return row;
}
