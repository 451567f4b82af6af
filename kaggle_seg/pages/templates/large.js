// One tile at large: zoomed, moved, and on to the next.

class Large {
  constructor({ tiles, neighbour, onChange }) {
    this.tiles = tiles;
    this.neighbour = neighbour;
    this.onChange = onChange;
    this.index = null;
    this.dialog = document.getElementById("large");
    this.frame = document.getElementById("frame");
    this.stack = makeStack();
    this.frame.append(this.stack);
    this.pointers = new Map();
    this.listen();
  }

  listen() {
    const press = { previous: () => this.step(-1), next: () => this.step(1), closer: () => this.zoom(1.5), further: () => this.zoom(1 / 1.5), whole: () => this.reset(), close: () => this.dialog.close() };
    for (const [id, act] of Object.entries(press)) document.getElementById(id).addEventListener("click", act);
    this.dialog.addEventListener("keydown", (event) => this.onKey(event));
    this.dialog.addEventListener("close", () => this.closed());
    this.frame.addEventListener("wheel", (event) => { event.preventDefault(); this.zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, event); }, { passive: false });
    this.frame.addEventListener("pointerdown", (event) => { this.frame.setPointerCapture(event.pointerId); this.pointers.set(event.pointerId, event); });
    this.frame.addEventListener("pointermove", (event) => this.onMove(event));
    for (const kind of ["pointerup", "pointercancel"]) this.frame.addEventListener(kind, (event) => this.pointers.delete(event.pointerId));
  }

  open(index, state) {
    this.index = index;
    clearStack(this.stack);
    this.reset();
    this.describe();
    if (!this.dialog.open) this.dialog.showModal();
    return this.redraw(state);
  }

  redraw(state) {
    return this.index === null ? null : this.tiles.draw(this.index, this.stack, state);
  }

  describe() {
    const tile = this.tiles.all[this.index];
    document.getElementById("large-title").textContent = tile.id;
    this.frame.setAttribute("aria-label", `Tile ${tile.id} with its mask`);
    const list = document.getElementById("large-figures");
    list.replaceChildren(...figuresOf(tile).flatMap(([name, value]) => [makeText("dt", name), makeText("dd", value)]));
    document.getElementById("previous").disabled = this.neighbour(this.index, -1) === null;
    document.getElementById("next").disabled = this.neighbour(this.index, 1) === null;
  }

  step(by) {
    const index = this.neighbour(this.index, by);
    if (index !== null) this.onChange(index);
  }

  closed() {
    this.index = null;
    this.onChange(null);
  }

  onKey(event) {
    const move = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[event.key];
    if (move && event.shiftKey) this.move(...move);
    else if (event.key === "ArrowLeft" || event.key === "ArrowUp") this.step(-1);
    else if (event.key === "ArrowRight" || event.key === "ArrowDown") this.step(1);
    else if (event.key === "+" || event.key === "=") this.zoom(1.5);
    else if (event.key === "-") this.zoom(1 / 1.5);
    else if (event.key === "0") this.reset();
    else return;
    event.preventDefault();
  }

  // One pointer moves the tile; two zoom it by how their distance changes.
  onMove(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const distance = () => { const [one, other] = this.pointers.values(); return Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY); };
    if (this.pointers.size === 2) {
      const was = distance();
      this.pointers.set(event.pointerId, event);
      if (was > 0) this.zoom(distance() / was, event);
    } else {
      this.pointers.set(event.pointerId, event);
      this.move(event.clientX - before.clientX, event.clientY - before.clientY);
    }
  }

  // Zooms by a factor; what lies under the pointer, or in the middle, stays where it is.
  zoom(factor, at) {
    const box = this.frame.getBoundingClientRect();
    const x = (at ? at.clientX - box.left : box.width / 2) - box.width / 2;
    const y = (at ? at.clientY - box.top : box.height / 2) - box.height / 2;
    const scale = Math.min(Math.max(this.scale * factor, 1), 32);
    const by = scale / this.scale;
    [this.scale, this.x, this.y] = [scale, x - (x - this.x) * by, y - (y - this.y) * by];
    this.move(0, 0);
  }

  move(x, y) {
    const reach = (this.frame.clientWidth / 2) * (this.scale - 1);
    const keep = (value) => Math.min(Math.max(value, -reach), reach);
    [this.x, this.y] = [keep(this.x + x), keep(this.y + y)];
    this.stack.style.transform = `translate(${this.x}px, ${this.y}px) scale(${this.scale})`;
    this.frame.classList.toggle("close", this.scale > 2);
    this.frame.dataset.scale = this.scale.toFixed(2);
  }

  reset() {
    [this.scale, this.x, this.y] = [1, 0, 0];
    this.move(0, 0);
  }
}
