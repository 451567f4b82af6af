// The slider: what every threshold does to the masks and to the validation score.

class Live {
  constructor(live, tiles, onChange) {
    this.live = live;
    this.tiles = tiles;
    this.slider = document.getElementById("level");
    this.slider.max = live.thresholds.length - 1;
    this.slider.addEventListener("input", () => onChange(Number(this.slider.value)));
    document.getElementById("own").addEventListener("click", () => onChange(null));
    document.getElementById("copy").addEventListener("click", () => this.copy());
    if (matchMedia("(max-width: 64rem)").matches) document.getElementById("live-more").open = false;
    this.highest = tiles.map((tile) => tile.highest).filter((level) => level !== undefined);
  }

  // Where the slider rests while the CSV's own masks are shown.
  restingPlace() {
    const curve = Object.values(this.live.scores?.readings ?? {})[0];
    const known = this.live.own ?? this.live.tuned;
    if (known !== null) return known;
    return curve ? curve.indexOf(Math.max(...curve)) : Math.floor(this.live.thresholds.length / 2);
  }

  threshold(place) {
    return (this.live.thresholds[place] / 256).toFixed(3);
  }

  show(place) {
    const at = place ?? this.restingPlace();
    this.slider.value = at;
    const own = place === null;
    const heading = own ? `The CSV's own masks: ${this.live.words}` : `Threshold ${this.threshold(at)}`;
    const lines = [this.emptyLine(place), ...(own ? this.ownLines() : []), ...(own && !this.live.isThreshold ? [] : this.scoreLines(at))];
    document.getElementById("live-now").textContent = heading;
    document.getElementById("live-lines").replaceChildren(...lines.map(([name, value]) => makeRow(name, value)));
    this.slider.setAttribute("aria-valuetext", [heading, ...lines.map((line) => line.join(" "))].join("; "));
    document.getElementById("own").setAttribute("aria-pressed", String(own));
    // k/256 has at most eight decimals, so the command names exactly this level
    const command = own ? this.live.ownCommand : `${this.live.command} --threshold ${this.live.thresholds[at] / 256}`;
    document.getElementById("command").textContent = command;
    document.getElementById("copied").textContent = "";
    this.showSteps(own && !this.live.isThreshold ? null : at);
    this.moveCursor(at, own);
  }

  scoreLines(at) {
    const scores = this.live.scores;
    if (!scores) return [];
    const lines = Object.entries(scores.readings).map(([name, curve]) => [name, curve[at].toFixed(3)]);
    return [["validation tiles left empty", `${scores.empty[at]} of ${scores.tiles}${this.change(scores.empty, at)}`], ...lines];
  }

  ownLines() {
    return this.live.ownScore ? [["cross-fitted score (95 %)", this.live.ownScore]] : [];
  }

  emptyLine(place) {
    if (place === null) {
      const readable = this.tiles.filter((tile) => tile.runs !== null);
      return ["tiles left empty", `${readable.filter(KINDS.empty.fits).length} of ${readable.length}`];
    }
    const counts = this.live.thresholds.map((_, at) => this.highest.filter((level) => level <= at).length);
    return ["tiles left empty", `${counts[place]} of ${this.highest.length}${this.change(counts, place)}`];
  }

  // How a count differs from that at the tuned threshold.
  change(counts, at) {
    if (this.live.tuned === null || at === this.live.tuned) return "";
    const by = counts[at] - counts[this.live.tuned];
    return ` (${signed(by)})`;
  }

  showSteps(at) {
    const table = document.getElementById("steps"), scores = this.live.scores;
    if (!table) return;
    table.hidden = at === null;
    scores.passed.forEach((counts, step) => {
      const [, tiles, against] = table.tBodies[0].rows[step].cells;
      tiles.textContent = at === null ? "" : counts[at];
      against.textContent = at === null || this.live.tuned === null ? "" : signed(counts[at] - counts[this.live.tuned]);
    });
  }

  moveCursor(at, own) {
    const axes = document.querySelector("#threshold svg.axes");
    if (!axes) return;
    const line = axes.querySelector(".cursor") ?? axes.appendChild(document.createElementNS("http://www.w3.org/2000/svg", "line"));
    line.setAttribute("class", "cursor");
    const { left, right, top, bottom } = axes.dataset;
    const x = Number(left) + (this.live.thresholds[at] / 256) * (right - left);
    for (const [name, value] of Object.entries({ x1: x, x2: x, y1: top, y2: bottom })) line.setAttribute(name, value);
    line.setAttribute("visibility", own && !this.live.isThreshold ? "hidden" : "visible");
  }

  async copy() {
    const command = document.getElementById("command"), told = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(command.textContent);
      told.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(command);
      told.textContent = "Marked; copy it with Ctrl+C.";
    }
  }
}

const signed = (number) => (number > 0 ? `+${number}` : String(number));

function makeRow(name, value) {
  const row = document.createElement("tr"), head = makeText("th", name);
  head.scope = "row";
  row.append(head, makeText("td", value));
  return row;
}
